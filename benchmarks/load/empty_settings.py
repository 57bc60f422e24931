"""Settings of the floor: nothing that a request would have to go through."""

ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "benchmarks.load.empty"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
