"""The generated modules: current, and in nobody's way."""

import filecmp
import tempfile
import unittest
from pathlib import Path

from support import EXAMPLES, PACKAGE, python

import icrl

STUBS = PACKAGE / "src/icrl/_proto"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.py*") if "__pycache__" not in path.parts}


class StubsTest(unittest.TestCase):
    def test_they_are_what_the_protos_give_now(self) -> None:
        with tempfile.TemporaryDirectory() as fresh:
            made = python(str(PACKAGE / "generate_stubs.py"), "--into", fresh)
            self.assertEqual((made.returncode, made.stderr), (0, ""))
            self.assertEqual(files(Path(fresh)), files(STUBS))
            _, different, unread = filecmp.cmpfiles(fresh, STUBS, files(STUBS), shallow=False)
            self.assertEqual((different, unread), ([], []), "run clients/python/generate_stubs.py")

    def test_they_live_beside_googleapis_in_either_order(self) -> None:
        ours = "from icrl._proto.icrl.v1 import status_pb2 as ours"
        theirs = "from google.rpc import error_details_pb2 as theirs"
        for first, second in ((ours, theirs), (theirs, ours)):
            program = f"{first}\n{second}\nassert ours.ErrorInfo is not theirs.ErrorInfo\nimport google.rpc; print(google.rpc.__path__[0])"
            said = python("-W", "error", "-c", program)
            self.assertEqual((said.returncode, said.stderr), (0, ""))
            self.assertNotIn(str(PACKAGE), said.stdout)

    def test_they_bear_other_descriptors_of_the_same_names_in_the_pool_that_all_share(self) -> None:
        program = """
from google.protobuf import descriptor_pb2, descriptor_pool
for name, message in (("icrl/v1/status.proto", "OtherStatus"), ("icrl/v1/tensor.proto", "OtherTensor")):
    other = descriptor_pb2.FileDescriptorProto(name=name, package="icrl.v1")
    other.message_type.add(name=message)
    descriptor_pool.Default().AddSerializedFile(other.SerializeToString())
from icrl._proto.icrl.v1 import environment_pb2, status_pb2, tensor_pb2
print(tensor_pb2.Tensor(shape=[3]).shape[0], environment_pb2.Open(options={"a": [1.5]}).options["a"][0], status_pb2.Status(code=5).code)
"""
        for implementation in ("upb", "python"):
            said = python("-c", program, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=implementation)
            self.assertEqual((said.returncode, said.stdout), (0, "3 1.5 5\n"), said.stderr)

    def test_modules_that_others_generate_of_the_protos_are_found_beside_them(self) -> None:
        with icrl.PrivateServer() as server:  # the example generates them when it starts
            words = ["--connect", server.address, "--trials", "2", "--envs", "2"]
            played = python(str(EXAMPLES / "uniform_agent.py"), *words)
        self.assertEqual((played.returncode, played.stderr), (0, ""))
        self.assertRegex(played.stdout, "^2 trials, 4000 steps, 2 durable")


if __name__ == "__main__":
    unittest.main()
