"""Runs the lines of Python that the docs show and prints, for each, how many rows and which largest seed it found.

Usage: one_liners.py LINES, where LINES is a JSON object of names to expressions. Nothing is fetched from the network.
"""

import json
import os
import sys
import tempfile

home = tempfile.mkdtemp()
os.environ.update(HF_HOME=home, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset
from datasets import Dataset, DatasetDict, load_dataset


def columns(read):
    """A table of any of the five tools as a dict of lists."""
    if isinstance(read, duckdb.DuckDBPyRelation):
        read = read.fetch_arrow_table()
    if isinstance(read, DatasetDict):
        read = read["train"]
    if isinstance(read, pd.DataFrame):
        return {name: read[name].tolist() for name in read.columns}
    if isinstance(read, pl.DataFrame):
        return read.to_dict(as_series=False)
    return read.to_dict() if isinstance(read, Dataset) else read.to_pydict()


found = {}
for name, line in json.loads(sys.argv[1]).items():
    table = columns(eval(line))
    seeds = table.get("task_seed")
    found[name] = dict(
        rows=len(next(iter(table.values()))),
        columns=sorted(table),
        largest_seed=None if seeds is None else str(max(int(seed) for seed in seeds)),
        actions=sum(int(sum(each)) for each in table.get("actions", [])),
    )
print(json.dumps(found))
