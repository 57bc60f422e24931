"""How the product is deployed: what Procfile, Dockerfile, compose.yaml and the units refer to."""
