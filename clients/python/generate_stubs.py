"""Writes `src/icrl/_proto` from the protos of this repository: `python clients/python/generate_stubs.py`, with grpcio-tools.

With `--into FOLDER` it writes there instead, so that a test can compare. Two things differ from what protoc writes:

- The modules are below `icrl._proto`, so that no `icrl.v1` of another package is in their way, nor they in its.
- Their descriptors are in a pool of their own (`icrl._pool`): two packages that register one file name with different content in the pool
  that they share break each other's import.
"""

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
PROTOS = HERE.parents[1] / "proto"
PACKAGE = "icrl._proto"


def own_path(text: str) -> str:
    """The same module, its imports of other generated ones below PACKAGE and its descriptors in the pool of the package."""
    text = re.sub(r"^from icrl\.v1 import", f"from {PACKAGE}.icrl.v1 import", text, flags=re.MULTILINE)
    text = text.replace("from google.protobuf import descriptor_pool as _descriptor_pool\n", "from icrl._pool import POOL as _pool\n")
    text = text.replace("_descriptor_pool.Default()", "_pool")
    return re.sub(r"(BuildTopDescriptorsAndMessages\(DESCRIPTOR, )'", rf"\1'{PACKAGE}.", text)


def generate(target: Path) -> None:
    """Writes all modules to `target`, which is emptied first."""
    files = sorted(path.relative_to(PROTOS).as_posix() for path in (PROTOS / "icrl/v1").glob("*.proto"))
    with tempfile.TemporaryDirectory() as made:
        well_known = Path(grpc_tools.__file__).parent / "_proto"  # google/protobuf
        status = protoc.main(["protoc", f"-I{PROTOS}", f"-I{well_known}", f"--python_out={made}", f"--pyi_out={made}", *files])
        if status != 0:
            sys.exit(status)
        shutil.rmtree(target, ignore_errors=True)
        for source in sorted(Path(made).rglob("*_pb2.py*")):
            written = target / source.relative_to(made)
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(own_path(source.read_text()))
    for folder in sorted({target, *(path for path in target.rglob("*") if path.is_dir())}):
        (folder / "__init__.py").write_text("")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes the package's modules of the protos.")
    parser.add_argument("--into", type=Path, default=HERE / "src/icrl/_proto", help="folder, emptied first")
    generate(parser.parse_args().into)
