"""The far ends: readers of what a driver puts out."""
