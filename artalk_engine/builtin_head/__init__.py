"""Generates the built-in head: an original puppet character in FLAME's own file format.

Nothing is read from disk and nothing is random, so the same call gives the same model.

    python -m artalk_engine.builtin_head OUT.npz             write the model
    python -m artalk_engine.builtin_head --check OUT.npz     write it and prove its properties

How it is built, in the order of the imports:
    1. `surface` is a smooth union of ellipsoids: skull, face, cheeks, chin, nose, neck.
    2. `mouth`, `eyes` and `ears_neck` are patches of rings, laid on that surface or shaped by tables of profiles.
    3. `free_skin` samples the skin between them and joins it by the convex hull of its directions.
    4. `teeth_tongue` and the eyeballs are closed parts of their own; `assembly` puts everything together.
    5. `skinning`, `corrective`, `units` and `traits` are fields over the finished vertices; `model` collects them.
"""
