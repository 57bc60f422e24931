"""Looking a club up on the map, where the provider tools do not know it: Google Places (New)."""
