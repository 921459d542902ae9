"""Playing a file through a driver and accounting for every frame of it."""
