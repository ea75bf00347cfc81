"""What the engine and Blender say to each other; standard library and numpy only."""
