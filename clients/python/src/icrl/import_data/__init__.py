"""Other people's data, read for `icrl dataset import`: DPT's pickles, Algorithm Distillation's HDF5, Minari's folders.

`python -m icrl.import_data --format FORMAT FILE...` writes what they hold to standard output as trials, by the protocol of `stream`; `icrl` writes
the dataset. What is read may be hostile: nothing in it is executed, and what it takes is bounded.
"""
