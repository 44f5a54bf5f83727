"""Others' files, read as data: what they say becomes trials, nothing in them runs, and what is wrong with one is said by file, key and index.

tests/python/python-import.full.test.ts runs this. Every file is made here.
"""

import io
import json
import os
import pickle
import pickletools
import struct
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import minari
import numpy as np
from minari.data_collector.episode_buffer import EpisodeBuffer

from icrl.data import DataError
from icrl.import_data.ad_hdf5 import AdSource
from icrl.import_data.dpt import DptSource
from icrl.import_data.minari_folder import MinariSource
from icrl.import_data.pickled_arrays import UnreadablePickle, value_of
from icrl.import_data.pickles import read_pickle
from icrl.import_data.source import Found, Source
from icrl.import_data.states import StateScan, StateSpace
from icrl.import_data.stream import MessageWriter
from icrl.import_data.trial import CUT_OFF, DONE, NONE, TRUNCATED, ImportedTrial

SOURCE = Path(__file__).resolve().parents[1] / "src"


def one_hot(actions: Any, count: int) -> Any:
    return np.eye(count)[actions]


def bandit_entry(**changes: Any) -> dict[str, Any]:
    """Three steps on three arms, as DPT's collect_data.py has them: states of 1, actions one-hot, the best arm."""
    ones = np.ones((3, 1), int)
    entry = {
        "query_state": np.array([1]),
        "optimal_action": one_hot(2, 3),
        "context_states": ones,
        "context_actions": one_hot([0, 2, 1], 3),
        "context_next_states": ones,
        "context_rewards": np.array([0.5, 1.25, -1.0]),
        "means": np.array([0.1, 0.2, 0.9]),
    }
    return {**entry, **changes}


def room_entry(**changes: Any) -> dict[str, Any]:
    """Three transitions of a room of 2 x 3 places, drawn one by one, and a place to act in."""
    entry = {
        "query_state": np.array([1, 2]),
        "optimal_action": one_hot(4, 5),
        "context_states": np.array([[0, 0], [1, 1], [0, 2]]),
        "context_actions": one_hot([0, 1, 2], 5),
        "context_next_states": np.array([[1, 0], [0, 1], [0, 2]]),
        "context_rewards": np.array([0, 0, 1]),
        "goal": np.array([0, 2]),
    }
    return {**entry, **changes}


class FileCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def pickled(self, content: Any, protocol: int | None = None) -> Path:
        path = self.folder / "data.pkl"
        path.write_bytes(pickle.dumps(content, protocol))
        return path

    def hdf5(self, groups: dict[str, dict[str, Any]]) -> Path:
        path = self.folder / f"data-{len(os.listdir(self.folder))}.hdf5"  # the one before may be open
        with h5py.File(path, "w") as file:
            for name, arrays in groups.items():
                group = file if name == "" else file.create_group(name)
                for key, array in arrays.items():
                    group[key] = array
        return path

    def read(self, source: Source, found: Found | None = None) -> tuple[StateSpace, list[ImportedTrial], Found]:
        self.addCleanup(source.close)
        found = found or Found()
        scan = StateScan(found.sizes)
        source.scan(scan, found)
        space = scan.space()
        return space, list(source.trials(space, found)), found

    def refused(self, make: Any, *says: str, reason: str = "IMPORT_INVALID") -> None:
        """That reading fails, with a reason and a text that has all of these."""
        with self.assertRaises(DataError) as caught:
            self.read(make())
        self.assertEqual(caught.exception.reason, reason)
        for text in says:
            self.assertIn(text, caught.exception.message)

    def assert_trial(self, trial: ImportedTrial, **members: Any) -> None:
        for name, expected in members.items():
            found = getattr(trial, name)
            if expected is None:
                self.assertIsNone(found, name)
            else:
                np.testing.assert_array_equal(found, expected, name)


class Pickles(FileCase):
    def test_every_protocol_of_numpys_arrays_is_read_as_python_reads_it(self) -> None:
        content = {
            "floats": np.arange(6.0).reshape(2, 3),
            "by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            "big-endian": np.arange(3, dtype=">i4"),
            "booleans": np.array([True, False]),
            "halves": np.arange(3, dtype=np.float16),
            "none": np.empty((0, 2)),
            "scalar": np.int64(-3),
            "others": [1, -70_000, 2**40, 1.5, None, True, "text", b"bytes", (1, 2, 3, 4)],
        }
        for protocol in (2, 3, 4, 5):
            found = read_pickle(pickle.dumps([content, content], protocol))
            self.assertIs(found[0], found[1])
            for name, value in content.items():
                got = value_of(found[0][name])
                if name == "others":
                    self.assertEqual([bytes(item) if isinstance(item, memoryview) else item for item in got], value)
                else:
                    np.testing.assert_array_equal(got, value)
                    self.assertEqual(got.dtype, value.dtype)

    def test_nothing_that_a_pickle_names_is_called(self) -> None:
        mark = self.folder / "was here"

        class Command:
            def __init__(self, *call: Any) -> None:
                self.call = call

            def __reduce__(self) -> Any:
                return self.call[0], self.call[1:]

        attacks = [
            Command(os.system, f"touch '{mark}'"),
            Command(eval, f"open({str(mark)!r}, 'w')"),
            Command(exec, f"open({str(mark)!r}, 'w')"),
            Command(np.load, str(mark), None, True),
            Command(np.fromfile, str(mark)),
            Command(getattr, 1, "real"),
            Command(subprocess.call, ["touch", str(mark)]),
        ]
        for attack in attacks:
            for protocol in (2, 4, 5):
                with self.assertRaisesRegex(UnreadablePickle, "nothing of it was run"):
                    read_pickle(pickle.dumps([bandit_entry(means=attack)], protocol))
        self.assertFalse(mark.exists())

    def test_arrays_of_objects_and_of_texts_are_refused(self) -> None:
        for array in (np.array([1, "x"], object), np.array(["x"]), np.zeros(2, [("a", "i4")]), np.array([1j]), np.array(["2020"], "M8[D]")):
            with self.assertRaises(UnreadablePickle, msg=str(array.dtype)):
                read_pickle(pickle.dumps([array]))

    def test_an_array_is_not_larger_than_its_bytes(self) -> None:
        honest = pickle.dumps(np.zeros(3), 2)
        self.assertIn(b"K\x03\x85", honest)
        lying = honest.replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85")  # (2**31 - 1,)
        with self.assertRaisesRegex(UnreadablePickle, "an array of shape .2147483647. has 24 bytes"):
            value_of(read_pickle(lying))

    def test_what_is_no_pickle_or_cut_off_at_any_place_is_refused(self) -> None:
        whole = pickle.dumps([bandit_entry()])
        for end in range(len(whole)):
            with self.assertRaises(UnreadablePickle):
                read_pickle(whole[:end])
        for content in (b"", b"I1\n.", b"\x80\x09.", b"\x80\x04.", b"\x80\x04]]s.", b"\x80\x04h\x00.", b"\x80\x04K\x01b."):
            with self.assertRaises(UnreadablePickle, msg=repr(content)):
                read_pickle(content)

    def test_any_byte_may_be_another_one(self) -> None:
        whole = bytearray(pickle.dumps([bandit_entry()]))
        random = np.random.default_rng(1)
        for _ in range(3000):
            changed = bytearray(whole)
            for at in random.integers(0, len(whole), 3):
                changed[at] = random.integers(256)
            try:
                read_pickle(bytes(changed))
            except UnreadablePickle:
                pass  # nothing else may come

    def test_an_index_of_the_memo_takes_no_memory(self) -> None:
        far = b"\x80\x04Nr" + struct.pack("<I", 2**32 - 1) + b"."
        self.assertIsNone(read_pickle(far))

    def test_all_of_pythons_instructions_are_either_known_or_refused(self) -> None:
        from icrl.import_data.pickles import _INSTRUCTIONS

        known = {code for code in (one.code.encode("latin1") for one in pickletools.opcodes) if code in _INSTRUCTIONS}
        self.assertEqual(len(known), len(_INSTRUCTIONS))  # none that Python does not have
        for name in ("INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER"):
            [code] = [one.code.encode("latin1") for one in pickletools.opcodes if one.name == name]
            self.assertNotIn(code, _INSTRUCTIONS)


class Dpt(FileCase):
    def test_a_bandit_is_one_episode_and_its_best_arm_the_label_of_every_step(self) -> None:
        space, [trial, second], found = self.read(DptSource(self.pickled([bandit_entry(), bandit_entry(optimal_action=one_hot(0, 3))])))
        self.assertEqual((space.kind, found.actions), ("none", 3))
        self.assert_trial(
            trial,
            lengths=[3],
            ends=[DONE],
            actions=[0, 2, 1],
            rewards=np.float32([0.5, 1.25, -1.0]),
            label=[2, 2, 2],
            observations=None,
            features=None,
            trial_features=None,
        )
        self.assertEqual((trial.key, second.key), ("entry 0", "entry 1"))
        self.assert_trial(second, label=[0, 0, 0])

    def test_transitions_that_were_drawn_one_by_one_are_episodes_and_the_query_is_one_more(self) -> None:
        space, [trial], found = self.read(DptSource(self.pickled([room_entry()])))
        self.assertEqual((space, found.actions), (StateSpace("discrete", 2, (2, 3)), 5))
        # by hand: place (i, j) of 2 x 3 is state 3 i + j
        self.assert_trial(
            trial,
            lengths=[1, 1, 1, 1],
            ends=[TRUNCATED, TRUNCATED, TRUNCATED, CUT_OFF],
            actions=[0, 1, 2, 4],
            rewards=np.float32([0, 0, 1, 0]),
            observations=[0, 3, 4, 1, 2, 2, 5, NONE],
            label=[NONE, NONE, NONE, 4],
        )

    def test_a_rollout_is_one_episode(self) -> None:
        states = np.array([[0, 0], [1, 0], [1, 1]])
        entry = room_entry(context_states=states, context_next_states=np.array([[1, 0], [1, 1], [1, 2]]))
        _, [trial], _ = self.read(DptSource(self.pickled([entry])))
        self.assert_trial(trial, lengths=[3, 1], ends=[DONE, CUT_OFF], observations=[0, 3, 4, 5, 5, NONE])

    def test_our_own_exports_say_where_episodes_end(self) -> None:
        states = np.array([[0, 0], [1, 0], [1, 1]])
        after = np.array([[1, 0], [0, 2], [1, 2]])
        for dones, lengths, ends in (([0, 1, 1], [2, 1, 1], [DONE, DONE, CUT_OFF]), ([0, 1, 0], [2, 1, 1], [DONE, CUT_OFF, CUT_OFF])):
            entry = room_entry(context_states=states, context_next_states=after, context_dones=np.array(dones, np.uint8))
            _, [trial], _ = self.read(DptSource(self.pickled([entry])))
            self.assert_trial(trial, lengths=lengths, ends=ends, observations=[0, 3, 2, 4, 5, 5, NONE])
        wrong = room_entry(context_states=states, context_next_states=after, context_dones=np.array([0, 0, 1], np.uint8))
        self.refused(lambda: DptSource(self.pickled([wrong])), "entry 0, context_dones[1]", "is not the one after it")

    def test_states_of_floats_are_boxes(self) -> None:
        entry = room_entry(context_states=np.array([[0.5, 0], [1, 1], [0, 2]]))
        space, [trial], _ = self.read(DptSource(self.pickled([entry])))
        self.assertEqual(space, StateSpace("box", 2))
        self.assert_trial(trial, features=np.float32([[0.5, 0], [1, 1], [0, 2], [1, 2]]), observations=None, label=[NONE, NONE, NONE, 4])

    def test_sizes_of_states_can_be_given(self) -> None:
        space, [trial], _ = self.read(DptSource(self.pickled([room_entry()])), Found(sizes=(10, 10)))
        self.assertEqual(space.count, 100)
        self.assert_trial(trial, observations=[0, 10, 11, 1, 2, 2, 12, NONE])
        with self.assertRaisesRegex(DataError, r"entry 0, context_states\[0\]: has part 0 0, outside|has part"):
            self.read(DptSource(self.pickled([room_entry(context_states=np.array([[3, 0], [1, 1], [0, 2]]))])), Found(sizes=(2, 3)))

    def test_features_of_arms_are_kept(self) -> None:
        arms = np.arange(6.0).reshape(3, 2)
        _, [trial], found = self.read(DptSource(self.pickled([bandit_entry(arms=arms, theta=np.ones(2), var=0.3)])))
        self.assert_trial(trial, trial_features=arms.astype(np.float32))
        self.assertEqual(found.arms, 2)

    def test_what_is_wrong_is_said_by_entry_key_and_index(self) -> None:
        def entry(**changes: Any) -> Any:
            return lambda: DptSource(self.pickled([bandit_entry(), bandit_entry(**changes)]))

        cut = {key: value for key, value in bandit_entry().items() if key != "optimal_action"}
        self.refused(lambda: DptSource(self.pickled([cut])), f"{self.folder}/data.pkl: entry 0: has no optimal_action")
        self.refused(entry(context_actions=one_hot([0, 2, 1], 3) * 2), "entry 1, context_actions[0]: is not one-hot")
        two, none = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]]), np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0]])
        self.refused(entry(context_actions=two), "entry 1, context_actions[1]: is not one-hot")
        self.refused(entry(context_actions=none), "entry 1, context_actions[2]: is not one-hot")
        self.refused(entry(context_actions=np.array([0, 2, 1])), "entry 1, context_actions: is int64 [3]")
        self.refused(entry(optimal_action=np.array([0.5, 0.5, 0])), "entry 1, optimal_action[0]: is not one-hot")
        self.refused(entry(optimal_action=one_hot(1, 4)), "entry 1, optimal_action: is float64 [4], expected [3]")
        self.refused(entry(context_actions=one_hot([0, 1, 2], 4), optimal_action=one_hot(0, 4)), "has 4 actions", "before it 3")
        self.refused(entry(context_rewards=np.array([0, np.nan, 1])), "entry 1, context_rewards[1]: is nan")
        self.refused(entry(context_rewards=np.array([0, 1e300, 1])), "entry 1, context_rewards[1]: is 1e+300")
        self.refused(entry(context_rewards=np.zeros(4)), "entry 1, context_rewards: has 4 rewards for 3 steps")
        self.refused(entry(context_states=np.ones((4, 1))), "entry 1, context_states: is float64 [4, 1]", "3 steps")
        self.refused(entry(context_states=np.ones((3, 2))), "entry 1, context_next_states: has 1 numbers a state, and context_states 2")
        self.refused(entry(query_state="somewhere"), "entry 1, query_state: is a str")
        self.refused(entry(context_images="context0_0.npy"), "entry 1, context_images: holds images")
        self.refused(lambda: DptSource(self.pickled({"a": 1})), "holds a dict, expected a list of dicts")
        self.refused(lambda: DptSource(self.pickled([])), "holds an empty list")
        self.refused(lambda: DptSource(self.pickled([1])), "entry 0: is a int")
        self.refused(lambda: DptSource(self.folder), "is a folder")
        self.refused(lambda: DptSource(self.folder / "not there"), "No such file")


def history(**changes: Any) -> dict[str, Any]:
    """Two histories of six steps, as XLand-100B's collection writes them."""
    arrays = {
        "states": np.array([[0, 1, 2, 0, 1, 2], [2, 2, 2, 1, 1, 1]], np.uint8),
        "actions": np.array([[0, 1, 0, 1, 0, 2], [1, 1, 1, 0, 0, 0]], np.uint8),
        "rewards": np.array([[0, 0, 1, 0, 0, 0.5], [1, 1, 1, 1, 1, 1]], np.float16),
        "dones": np.array([[False, False, True, False, False, True], [False, True, False, False, False, False]]),
        "expert_actions": np.array([[1, 1, 1, 2, 2, 2], [0, 0, 0, 0, 0, 0]], np.uint8),
    }
    return {key: value for key, value in {**arrays, **changes}.items() if value is not None}


class AlgorithmDistillation(FileCase):
    def test_a_history_is_a_trial_cut_into_episodes_at_its_dones(self) -> None:
        space, [first, second], found = self.read(AdSource(self.hdf5({"0": history()})))
        self.assertEqual((space, found.actions), (StateSpace("discrete", 1, (3,)), 3))
        self.assert_trial(
            first,
            lengths=[3, 3],
            ends=[DONE, DONE],
            actions=[0, 1, 0, 1, 0, 2],
            rewards=np.float32([0, 0, 1, 0, 0, 0.5]),
            observations=[0, 1, 2, NONE, 0, 1, 2, NONE],
            label=[1, 1, 1, 2, 2, 2],
        )
        self.assert_trial(second, lengths=[2, 4], ends=[DONE, CUT_OFF], observations=[2, 2, NONE, 2, 1, 1, 1, NONE])
        self.assertEqual(first.key, "group 0, history 0")

    def test_groups_come_in_their_order_with_what_they_say_of_themselves(self) -> None:
        path = self.hdf5({name: history() for name in ("10", "2", "0")})
        with h5py.File(path, "a") as file:
            for name in file:
                file[name].attrs.update({"env-id": "XLand-MiniGrid-R1-9x9", "ruleset-id": int(name)})
        _, trials, _ = self.read(AdSource(path))
        self.assertEqual([trial.tags["group"] for trial in trials], ["0", "0", "2", "2", "10", "10"])
        self.assertEqual(trials[4].tags, {"group": "10", "history": "0", "env-id": "XLand-MiniGrid-R1-9x9", "ruleset-id": "10"})

    def test_a_file_without_groups_or_histories_is_read_too(self) -> None:
        flat = {key: array[0] for key, array in history(expert_actions=None).items()}
        _, [trial], _ = self.read(AdSource(self.hdf5({"": flat})))
        self.assert_trial(trial, lengths=[3, 3], label=None)
        self.assertEqual(trial.key, "history 0")

    def test_states_of_many_numbers_are_boxes(self) -> None:
        states = np.arange(2 * 6 * 25).reshape(2, 6, 5, 5)  # as XLand's views of 5 x 5 tiles
        space, [trial, _], _ = self.read(AdSource(self.hdf5({"0": history(states=states)})))
        self.assertEqual(space, StateSpace("box", 25))
        self.assert_trial(trial, features=states[0].reshape(6, 25).astype(np.float32), observations=None)

    def test_an_expert_that_gave_no_action_is_told_by_negative_ones(self) -> None:
        said = np.array([[-1, 1, -1, 2, 2, -7], [0, 0, 0, 0, 0, 0]], np.int32)
        _, [trial, _], _ = self.read(AdSource(self.hdf5({"0": history(expert_actions=said)})))
        self.assert_trial(trial, label=[NONE, 1, NONE, 2, 2, NONE])

    def test_how_many_actions_there_are_can_be_given(self) -> None:
        _, _, found = self.read(AdSource(self.hdf5({"0": history()})), Found(given_actions=6))
        self.assertEqual(found.actions, 6)
        with self.assertRaisesRegex(DataError, r"group 0, history 0, actions\[5\]: is 2, outside \[0, 2\)"):
            self.read(AdSource(self.hdf5({"0": history()})), Found(given_actions=2))

    def test_what_is_wrong_is_said_by_group_history_and_key(self) -> None:
        def group(**changes: Any) -> Any:
            return lambda: AdSource(self.hdf5({"0": history(), "1": history(**changes)}))

        self.refused(group(dones=None), f"{self.folder}/data-0.hdf5: group 1: has no dones")
        self.refused(group(rewards=np.zeros((2, 5))), "group 1, rewards: has the shape [2, 5], and actions [2, 6]")
        self.refused(group(states=np.zeros((2, 5))), "group 1, states: has the shape [2, 5]")
        self.refused(group(actions=np.zeros((2, 6))), "group 1, history 0, actions: is float64 [6]")
        self.refused(group(actions=-np.ones((2, 6), int)), "group 1, history 0, actions[0]: is -1")
        self.refused(group(rewards=np.full((2, 6), np.inf)), "group 1, history 0, rewards[0]: is inf")
        self.refused(group(dones=np.full((2, 6), 3)), "group 1, history 0, dones: is int64 [6], expected true or false")
        self.refused(group(states=np.zeros((2, 6, 2), int)), "group 1, states: has 2 numbers a state, and the states before it 1")
        self.refused(group(rewards=np.full((2, 6), b"x")), "group 1, rewards: is of type |S1")
        self.refused(group(actions=np.zeros((0, 6), int)), "group 1, actions: has the shape [0, 6]")
        self.refused(group(states=np.zeros((2, 6, 5000), np.uint8)), "group 1, states: has 5000 numbers a state")
        self.refused(lambda: AdSource(self.hdf5({"0": history(), "notes": {}})), "group notes: has no states")
        self.refused(lambda: AdSource(self.hdf5({"x" * 101: history()})), "has a name of 101 letters")
        self.refused(lambda: AdSource(self.hdf5({})), "is empty")
        (self.folder / "torn.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
        self.refused(lambda: AdSource(self.folder / "torn.hdf5"), "cannot be read as HDF5")
        self.refused(lambda: AdSource(self.folder), "is a folder")

    def test_nothing_is_read_from_another_file(self) -> None:
        with h5py.File(self.folder / "other.hdf5", "w") as other:
            other["rewards"] = np.zeros((2, 6))
        (self.folder / "raw").write_bytes(bytes(96))

        def virtual(group: Any) -> None:
            layout = h5py.VirtualLayout((2, 6), np.float64)
            layout[:] = h5py.VirtualSource(str(self.folder / "other.hdf5"), "rewards", (2, 6))
            group.create_virtual_dataset("rewards", layout)

        def external(group: Any) -> None:
            group.create_dataset("rewards", (2, 6), np.float64, external=[(str(self.folder / "raw"), 0, 96)])

        def link(to: Any) -> Any:
            return lambda group: group.__setitem__("rewards", to)

        cases = [
            (virtual, "other files"),
            (external, "other files"),
            (link(h5py.ExternalLink(str(self.folder / "other.hdf5"), "/rewards")), "is a link"),
            (link(h5py.SoftLink("/0/actions")), "is a link"),
        ]
        for put, says in cases:
            path = self.hdf5({"0": history(rewards=None)})
            with h5py.File(path, "a") as file:
                put(file["0"])
            self.refused(lambda: AdSource(path), "group 0, rewards", says)

    def test_a_small_file_is_not_taken_for_a_large_one(self) -> None:
        path = self.hdf5({"0": history(rewards=None)})
        with h5py.File(path, "a") as file:
            for key in list(file["0"]):
                del file["0"][key]
            for key in history():
                file["0"].create_dataset(key, (2**20, 2**20), np.uint8, chunks=(1, 2**16), compression="gzip")
        self.refused(lambda: AdSource(path), "says that it holds 1,099,511,627,776 bytes, in 0 bytes of the file")
        path = self.hdf5({"0": history(rewards=None)})
        with h5py.File(path, "a") as file:
            file["0"].create_dataset("rewards", (2, 6), np.float64, chunks=(2**12, 2**12), maxshape=(None, None), compression="gzip")
        self.refused(lambda: AdSource(path), "group 0, rewards: is packed in pieces of 134,217,728 bytes")

    def test_filters_that_are_no_part_of_hdf5_are_not_looked_for(self) -> None:
        path = self.hdf5({"0": history(rewards=None)})
        with h5py.File(path, "a") as file:
            made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            made.set_chunk((2, 6))
            made.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1,))
            h5py.h5d.create(file["0"].id, b"rewards", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((2, 6)), dcpl=made)
        self.refused(lambda: AdSource(path), "group 0, rewards: is packed by filter 32001")


class Minari(FileCase):
    def dataset(self, observation_space: Any, action_space: Any, episodes: list[dict[str, Any]], kind: str = "hdf5") -> Path:
        path = self.folder / f"set-{len(os.listdir(self.folder))}-v0"
        (path / "data").mkdir(parents=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            storage = minari.dataset.minari_storage.MinariStorage.new(path / "data", observation_space, action_space, data_format=kind)
            storage.update_episodes([EpisodeBuffer(id=i, **episode) for i, episode in enumerate(episodes)])
            storage.update_metadata({"dataset_id": "set-v0", "minari_version": "0.5.0"})
        return path

    @staticmethod
    def episode(observations: Any, actions: Any, terminated: bool = True, truncated: bool = False) -> dict[str, Any]:
        last = np.arange(len(actions)) == len(actions) - 1
        return {
            "observations": np.array(observations),
            "actions": np.array(actions),
            "rewards": np.arange(len(actions)) / 2,
            "terminations": last & terminated,
            "truncations": last & truncated,
            "infos": None,
        }

    def test_states_and_actions_begin_with_zero(self) -> None:
        spaces = gymnasium.spaces
        for kind in ("hdf5", "arrow"):
            episodes = [self.episode([5, 6, 7], [-1, 1]), self.episode([5, 5], [0], False, True), self.episode([7, 7], [1], False)]
            path = self.dataset(spaces.Discrete(3, start=5), spaces.Discrete(3, start=-1), episodes, kind)
            space, trials, found = self.read(MinariSource(path))
            self.assertEqual((space, found.actions, len(trials)), (StateSpace("discrete", 1, (3,)), 3, 3))
            self.assert_trial(
                trials[0], lengths=[2], ends=[DONE], actions=[0, 2], rewards=np.float32([0, 0.5]), observations=[0, 1, 2], label=None
            )
            self.assertEqual([trial.ends[0] for trial in trials], [DONE, TRUNCATED, CUT_OFF])
            self.assertEqual(trials[2].key, "episode 2")

    def test_boxes_are_numbers_in_a_row(self) -> None:
        spaces = gymnasium.spaces
        observations = np.arange(18, dtype=np.float32).reshape(3, 2, 3)
        path = self.dataset(spaces.Box(-99, 99, (2, 3), np.float32), spaces.Discrete(2), [self.episode(observations, [0, 1])])
        space, [trial], found = self.read(MinariSource(path))
        self.assertEqual((space, found.box_shape), (StateSpace("box", 6), None))
        self.assert_trial(trial, features=observations[:2].reshape(2, 6), observations=None)

    def test_spaces_that_a_dataset_cannot_hold_are_refused_by_name(self) -> None:
        spaces = gymnasium.spaces
        box = spaces.Box(-1, 1, (2,), np.float32)
        one = [self.episode(np.zeros((2, 2), np.float32), np.zeros((1, 2), np.float32))]
        self.refused(lambda: MinariSource(self.dataset(box, box, one)), "action_space: is Box(-1.0, 1.0, (2,), float32): Discrete")
        many = [{**self.episode([0, 0], [0]), "observations": {"a": np.zeros(2, int), "b": np.zeros(2, int)}}]
        both = spaces.Dict(a=spaces.Discrete(2), b=spaces.Discrete(2))
        self.refused(lambda: MinariSource(self.dataset(both, spaces.Discrete(2), many)), "observation_space: is Dict('a': Discrete(2)")
        images = [self.episode(np.zeros((2, 32, 32, 3), np.uint8), [0])]
        image = spaces.Box(0, 255, (32, 32, 3), np.uint8)
        self.refused(lambda: MinariSource(self.dataset(image, spaces.Discrete(2), images)), "images", "JPEG")

    def test_the_environment_is_not_made(self) -> None:
        path = self.dataset(gymnasium.spaces.Discrete(3), gymnasium.spaces.Discrete(2), [self.episode([0, 1], [0])])
        document = json.loads((path / "data/metadata.json").read_text())
        mark = self.folder / "was here"
        spec = {"id": "Evil-v0", "entry_point": "pathlib:Path.touch", "kwargs": {"self": str(mark)}, "additional_wrappers": [], "vector_entry_point": None}
        del document["observation_space"]
        (path / "data/metadata.json").write_text(json.dumps({**document, "env_spec": json.dumps(spec)}))
        self.refused(lambda: MinariSource(path), "has no observation_space, which only the environment would tell, and that is not made")
        self.assertFalse(mark.exists())

    def test_damage_is_said_by_episode_and_key(self) -> None:
        def changed(change: Any) -> Any:
            def make() -> MinariSource:
                path = self.dataset(gymnasium.spaces.Discrete(3), gymnasium.spaces.Discrete(2), [self.episode([0, 1], [0]), self.episode([0, 1], [1])])
                with h5py.File(path / "data/main_data.hdf5", "a") as file:
                    change(file)
                return MinariSource(path)

            return make

        def put(key: str, value: Any) -> Any:
            def change(file: Any) -> None:
                del file[f"episode_1/{key}"]
                file[f"episode_1/{key}"] = value

            return changed(change)

        self.refused(put("actions", [2]), "episode 1, actions[0]: is 2, outside [0, 2)")
        self.refused(put("observations", [0, 9]), "episode 1, observations[1]: is 9, outside [0, 3)")
        self.refused(put("observations", [0]), "episode 1, observations: is int64 [1], and there are 2 steps")
        self.refused(put("rewards", [np.nan]), "episode 1, rewards[0]: is nan")
        self.refused(put("terminations", [0.5]), "episode 1, terminations: is float64 [1]")
        self.refused(put("actions", h5py.SoftLink("/episode_0/actions")), "episode_1/actions: is a link")
        self.refused(changed(lambda file: file.__delitem__("episode_1")), "episode 1: cannot be read (KeyError")
        self.refused(lambda: MinariSource(self.folder), "has no metadata.json")

    def test_sizes_are_not_given_to_what_tells_them(self) -> None:
        path = self.dataset(gymnasium.spaces.Discrete(3), gymnasium.spaces.Discrete(2), [self.episode([0, 1], [0])])
        with self.assertRaisesRegex(DataError, "OPTION_INVALID: --states"):
            self.read(MinariSource(path), Found(sizes=(3,)))


class States(unittest.TestCase):
    def scanned(self, *chunks: Any) -> StateSpace:
        scan = StateScan()
        for chunk in chunks:
            scan.parts(chunk.shape[1], "somewhere")
            scan.see(chunk)
        return scan.space()

    def test_what_they_are_follows_from_all_of_them(self) -> None:
        self.assertEqual(self.scanned(np.array([[1], [1]]), np.array([[1]])), StateSpace("none", 1))
        self.assertEqual(self.scanned(np.array([[1], [1]]), np.array([[0]])), StateSpace("discrete", 1, (2,)))
        self.assertEqual(self.scanned(np.array([[0, 4], [2, 1]])), StateSpace("discrete", 2, (3, 5)))
        self.assertEqual(self.scanned(np.array([[0], [-1]])), StateSpace("box", 1))
        self.assertEqual(self.scanned(np.array([[0], [1.5]])), StateSpace("box", 1))
        self.assertEqual(self.scanned(np.array([[0], [10_000]])), StateSpace("box", 1))  # 10,001 states are more than are told by number
        self.assertEqual(self.scanned(np.array([[0], [9_999]])).count, 10_000)

    def test_numbers_go_row_by_row(self) -> None:
        space = StateSpace("discrete", 3, (2, 3, 4))
        every = np.indices((2, 3, 4)).reshape(3, -1).T
        np.testing.assert_array_equal(space.numbers(every, "somewhere"), np.arange(24))


class Program(FileCase):
    def run_it(self, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        env = {**os.environ, "PYTHONPATH": str(SOURCE)}
        return subprocess.run([sys.executable, "-m", "icrl.import_data", *words], env=env, capture_output=True, timeout=120, **options)

    def messages(self, content: bytes) -> list[tuple[dict[str, Any], bytes]]:
        found = []
        stream = io.BytesIO(content)
        while fixed := stream.read(16):
            magic, head, body = struct.unpack("<4sIQ", fixed)
            self.assertEqual(magic, b"ICRI")
            found.append((json.loads(stream.read(head)), stream.read(body)))
        return found

    def test_trials_come_as_messages_on_standard_output(self) -> None:
        ran = self.run_it("--format", "dpt", str(self.pickled([bandit_entry(), bandit_entry()])))
        self.assertEqual(ran.returncode, 0, ran.stderr)
        (begin, _), (trial, body), (second, _), (end, _) = self.messages(ran.stdout)
        self.assertEqual(begin, {"type": "begin", "trials": 2, "observation_space": {"type": "none"}, "options": {}})
        self.assertEqual(trial["arrays"], [["lengths", 1], ["actions", 3], ["rewards", 3], ["label", 3], ["ends", 1]])
        self.assertEqual(body, struct.pack("<i3i3f3iB", 3, 0, 2, 1, 0.5, 1.25, -1.0, 2, 2, 2, DONE))
        self.assertEqual((second["key"], second["tags"], second["file"]), ("entry 1", {"entry": "1"}, 0))
        self.assertEqual(end, {"type": "end", "num_actions": 3, "trial_features_shape": []})

    def test_what_is_wrong_comes_as_a_message_too(self) -> None:
        ran = self.run_it("--format", "dpt", str(self.pickled([bandit_entry(optimal_action=1)])))
        [(error, _)] = self.messages(ran.stdout)
        self.assertEqual((ran.returncode, error["type"], error["reason"]), (1, "error", "IMPORT_INVALID"))

    def test_a_module_that_is_missing_is_named(self) -> None:
        (self.folder / "h5py.py").write_text("raise ImportError(\"No module named 'h5py'\", name='h5py')")
        env = {**os.environ, "PYTHONPATH": f"{self.folder}:{SOURCE}"}
        words = [sys.executable, "-m", "icrl.import_data", "--format", "ad-hdf5", "x.hdf5"]
        ran = subprocess.run(words, env=env, capture_output=True, timeout=120)
        [(error, _)] = self.messages(ran.stdout)
        self.assertEqual(error["reason"], "PYTHON_UNAVAILABLE")
        self.assertIn("has no module 'h5py'", error["message"])
        self.assertIn("clients/python[import]", error["message"])

    def test_memory_is_bounded(self) -> None:
        words = [sys.executable, "-c", "from icrl.import_data.limits import limit_memory\nlimit_memory()\nbytearray(13 << 30)"]
        ran = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, timeout=120)
        self.assertIn(b"MemoryError", ran.stderr)

    def test_empty_arrays_are_written_too(self) -> None:
        pipe = io.BytesIO()
        trial = ImportedTrial("k", np.array([1], np.int32), np.array([0], np.uint8), np.array([0], np.int32), np.zeros(1, np.float32), features=np.zeros((1, 0), np.float32))
        MessageWriter(pipe).trial(0, trial)
        [(head, body)] = self.messages(pipe.getvalue())
        self.assertEqual((head["arrays"][3], len(body)), (["features", 0], 13))


if __name__ == "__main__":
    unittest.main()
