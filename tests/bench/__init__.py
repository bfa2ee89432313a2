"""The benchmark's own parts: reading, counting, rendering, and when it refuses to publish."""
