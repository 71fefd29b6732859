"""What networks and training are defined by: frozen dataclasses, to and from JSON, and presets."""
