"""Datasets, logs and results, held against what icrl itself reads of the same folders.

The environment names folders: ICRL_TEST_DATA has a dataset `set`, what icrl exports of it (`set.jsonl`) and in which orders it reads it
(`orders.json`), a log `log` and a tournament `tournament`; ICRL_TEST_FIXTURES has files of earlier versions, and files that lie.
tests/python/python-data.full.test.ts makes and names them.
"""

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import torch
from torch.utils.data import DataLoader

from icrl.data import DataError
from icrl.data.open import open_trials
from icrl.data.order import ShuffledTrials
from icrl.data.rng import Key
from icrl.rng import normal_quantiles
from icrl.seeds import hash64
from icrl.data.trial import Trial
from icrl.data.served import ServedTrials, trials_of_batches
from icrl.data.trials import Selection, Trials
from icrl.results import results

DATA = Path(os.environ["ICRL_TEST_DATA"])
FIXTURES = Path(os.environ["ICRL_TEST_FIXTURES"])
HOSTILE = FIXTURES / "hostile"


def exported() -> list[list[dict[str, Any]]]:
    """Episodes of each trial, in the dataset's order, as icrl writes them."""
    trials: list[list[dict[str, Any]]] = []
    for line in (DATA / "set.jsonl").read_text().splitlines():
        row = json.loads(line)
        if not trials or trials[-1][0]["trial_id"] != row["trial_id"]:
            trials.append([])
        trials[-1].append(row)
    return trials


class Arrays(unittest.TestCase):
    """`icrl.open` of a dataset."""

    def assert_same(self, array: Any, rows: list[dict[str, Any]], name: str) -> None:
        """That an array is what the rows have, or None where one of them has null."""
        lists = [row[name] for row in rows]
        if any(each is None for each in lists):
            self.assertIsNone(array, name)
            return
        wanted = [np.nan if value is None else value for each in lists for value in each]
        np.testing.assert_array_equal(array.ravel(), np.array(wanted, array.dtype), name)

    def test_are_what_icrl_exports(self) -> None:
        wanted, steps, kinds = exported(), 0, set()
        found = list(open_trials(DATA / "set"))
        self.assertEqual([trial.trial_id for trial in found], [rows[0]["trial_id"] for rows in wanted])
        for trial, rows in zip(found, wanted):
            first = rows[0]
            for name in ("rewards", "actions", "propensities", "regrets", "optimal_actions", "step_features"):
                self.assert_same(getattr(trial, name), rows, name)
            if trial.probabilities is not None:
                self.assert_same(trial.probabilities, rows, "probabilities")
            else:
                self.assertIsNone(first["probabilities"])
            self.assert_same(trial.trial_features, rows[:1], "trial_features")
            before = [{"observations": row["observations"] and row["observations"][:-1]} for row in rows]
            after = [{"observations": row["observations"] and row["observations"][1:]} for row in rows]
            self.assert_same(trial.observations, before, "observations")
            self.assert_same(trial.next_observations, after, "observations")
            self.assertEqual(trial.lengths.tolist(), [row["length"] for row in rows])
            self.assertEqual(trial.episodes.tolist(), [row["episode_index"] for row in rows for _ in row["actions"]])
            self.assertEqual(trial.steps.tolist(), [step for row in rows for step in range(row["length"])])
            ends = np.cumsum(trial.lengths) - 1
            self.assertEqual(np.flatnonzero(trial.terminated).tolist(), [end for end, row in zip(ends, rows) if row["terminated"]])
            self.assertEqual(trial.columns["task_seed"], int(first["task_seed"]))
            self.assertEqual(json.loads(trial.columns["task_options"]), first["task_options"])
            self.assertEqual((trial.task_id, trial.task), (first["task_id"], first["task"]))
            self.assertEqual(trial.behaviour, first["behaviour_component"])
            label = trial.labels["made-up"]
            self.assertEqual(label.actions.tolist(), [action for row in rows for action in row["label_actions"]])
            laws = [row["label_probabilities"] for row in rows]
            if all(law is None for law in laws):
                self.assertIsNone(label.probabilities)
            else:
                assert label.probabilities is not None
                for law, part in zip(laws, np.split(label.probabilities, np.cumsum(trial.lengths)[:-1])):
                    self.assertTrue(np.isnan(part).all() if law is None else np.array_equal(part.ravel(), np.float32(law)))
            self.assertEqual(len(trial), len(trial.actions))
            steps += len(trial)
            kinds.add((trial.task_id, trial.trial_features is not None, trial.step_features is not None, trial.observations is not None))
        self.assertEqual(
            kinds, {("linear", True, False, False), ("mdp", False, False, True), ("fresh", False, True, False)}
        )
        print(f"{len(found)} trials of a dataset, {steps} steps")

    def test_have_the_shapes_of_their_tasks(self) -> None:
        for trial in open_trials(DATA / "set"):
            if trial.task_id == "linear":
                assert trial.trial_features is not None
                self.assertEqual(trial.trial_features.shape, (4, 2))
            if trial.task_id == "fresh":
                assert trial.step_features is not None
                self.assertEqual(trial.step_features.shape, (7, 4, 3))
            if trial.probabilities is not None:
                self.assertEqual(trial.probabilities.shape[0], len(trial))

    def test_are_those_that_are_asked_for(self) -> None:
        opened = open_trials(DATA / "set")
        some = list(opened.read(columns=["rewards"], labels=["self", "optimal", "made-up"], task="mdp", behaviour="noisy"))
        self.assertGreater(len(some), 0)
        for trial in some:
            self.assertEqual((trial.task_id, trial.behaviour), ("mdp", "noisy"))
            self.assertEqual(sorted(trial.labels), ["made-up", "optimal", "self"])
            np.testing.assert_array_equal(trial.labels["self"].actions, trial.actions)
            np.testing.assert_array_equal(trial.labels["optimal"].actions, trial.optimal_actions)
            self.assertIsNone(trial.observations)
            self.assertNotIn("task_seed", trial.columns)
        with self.assertRaises(DataError) as raised:
            next(opened.read(labels=["nobody"]))
        self.assertEqual(raised.exception.reason, "LABEL_UNKNOWN")

    def test_belong_to_whoever_has_the_trial(self) -> None:
        trial = next(iter(open_trials(DATA / "set")))
        before = trial.actions.copy()
        trial.actions[:] = 0
        np.testing.assert_array_equal(next(iter(open_trials(DATA / "set"))).actions, before)
        again = pickle.loads(pickle.dumps(trial))
        self.assertEqual(again.trial_id, trial.trial_id)


class RowGroups(unittest.TestCase):
    """Shards of many row groups, as other programs may write them."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.set = Path(temporary.name) / "set"
        shutil.copytree(DATA / "set", self.set)

    def test_do_not_tear_trials_apart(self) -> None:
        for file, rows in [(file, 3) for file in self.set.glob("data/*")] + [(file, 5) for file in self.set.glob("labels/*/*.parquet")]:
            pq.write_table(pq.read_table(file), file, row_group_size=rows)
        for trial, same in zip(open_trials(self.set), open_trials(DATA / "set"), strict=True):
            self.assertEqual(trial.trial_id, same.trial_id)
            np.testing.assert_array_equal(trial.rewards, same.rewards)
            np.testing.assert_array_equal(trial.labels["made-up"].actions, same.labels["made-up"].actions)

    def test_are_in_memory_one_at_a_time(self) -> None:
        # The same rows, 40 times one after the other, each time a row group of its own.
        groups = 40
        names = sorted(file.name for file in self.set.glob("data/*"))
        for folder in ("data", "labels/made-up"):
            table = pa.concat_tables([pq.read_table(DATA / "set" / folder / names[0])] * 50).combine_chunks()
            with pq.ParquetWriter(self.set / folder / names[0], table.schema) as writer:
                for _ in range(groups):
                    writer.write_table(table, row_group_size=table.num_rows)
        one = table.nbytes + pq.read_table(self.set / "data" / names[0]).nbytes // groups
        rows, most = 0, 0
        before = pa.total_allocated_bytes()
        for trial in Trials(self.set).of_shards(names[:1], None, ["made-up"]):
            rows += len(trial.lengths)
            most = max(most, pa.total_allocated_bytes() - before)
        self.assertEqual(rows, 40 * 50 * pq.read_table(DATA / "set/data" / names[0]).num_rows)
        self.assertLess(most, 4 * one)
        print(f"{groups} row groups of {one:,} bytes read with {most:,} bytes of Arrow's at most")

    def test_of_other_rows_are_refused(self) -> None:
        file = next(self.set.glob("labels/*/*.parquet"))
        table = pq.read_table(file)
        lies = {
            "fewer": table.slice(0, table.num_rows - 1),
            "more": pa.concat_tables([table, table.slice(0, 1)]),
            "others": table.take(list(range(1, table.num_rows)) + [0]),
        }
        for name, lie in lies.items():
            pq.write_table(lie, file)
            with self.subTest(name), self.assertRaises(DataError) as raised:
                list(open_trials(self.set))
            self.assertEqual(raised.exception.reason, "DATASET_CORRUPT")


class Logs(unittest.TestCase):
    """`icrl.open` of a log."""

    def by_hand(self, folder: Path) -> dict[str, list[dict[str, Any]]]:
        """Rows of each trial, sorted by the episode."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for file in sorted(folder.glob("data/*.parquet")):
            for row in pq.ParquetFile(file).read().to_pylist():
                rows[row["trial_id"]].append(row)
        return {trial: sorted(each, key=lambda row: row["episode_index"]) for trial, each in rows.items()}

    def test_have_whole_trials_though_episodes_stand_between_each_other(self) -> None:
        wanted = self.by_hand(DATA / "log")
        order = [row["trial_id"] for file in sorted((DATA / "log/data").iterdir()) for row in pq.read_table(file).to_pylist()]
        self.assertNotEqual(order, sorted(order, key=list(dict.fromkeys(order)).index), "episodes of no two trials are mixed")
        found = list(open_trials(DATA / "log"))
        self.assertEqual(sorted(trial.trial_id for trial in found), sorted(wanted))
        for trial in found:
            rows = wanted[trial.trial_id]
            self.assertTrue(trial.complete)
            self.assertEqual(trial.actions.tolist(), [action for row in rows for action in row["actions"]])
            self.assertEqual(trial.columns["agent_seed"], rows[0]["agent_seed"])
            self.assertEqual(trial.behaviour, rows[0]["agent"])
        print(f"{len(found)} trials of a log")

    def test_of_earlier_versions_name_their_tasks(self) -> None:
        for schema in ("schema-1", "schema-2"):
            for kind in ("log", "dataset", "tournament"):
                folder = FIXTURES / schema / kind
                with self.subTest(schema, kind=kind):
                    found = list(open_trials(folder))
                    self.assertEqual(len({trial.trial_id for trial in found}), len(self.by_hand(folder)))
                    if (folder / "dataset.json").exists():
                        listed = {task["id"] for task in json.loads((folder / "dataset.json").read_text())["tasks"]}
                        self.assertEqual({trial.task_id for trial in found}, listed)

    def test_come_from_a_servers_batches_too(self) -> None:
        def batches() -> Iterator[pa.RecordBatch]:
            for file in sorted((DATA / "log/data").iterdir()):
                yield from pq.read_table(file).to_batches(max_chunksize=4)

        found = [(trial.trial_id, trial.rewards.tolist()) for trial in trials_of_batches(batches()) if trial.rewards is not None]
        same = [(trial.trial_id, trial.rewards.tolist()) for trial in open_trials(DATA / "log") if trial.rewards is not None]
        self.assertEqual(found, same)

    def test_that_are_none_are_refused(self) -> None:
        for place in (DATA / "nowhere", DATA / "set.jsonl", FIXTURES):
            with self.subTest(place), self.assertRaises(DataError) as raised:
                open_trials(place)
            self.assertEqual(raised.exception.reason, "NOT_A_LOG")
        with self.assertRaises(DataError) as raised:
            open_trials(DATA / "log", token="secret")
        self.assertEqual(raised.exception.reason, "OPTION_INVALID")


class Served(unittest.TestCase):
    """`icrl.open` of a server: what its log has, over a connection that answers with the rows of a folder."""

    def setUp(self) -> None:
        asked = self.asked = []

        class Connection:
            def __init__(self, *given: Any, **options: Any) -> None:
                asked.append((given, options))

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                asked.append("closed")

            def stream(self, method: str, request: Any) -> Iterator[Any]:
                asked.append((method, request))
                for file in sorted((DATA / "log/data").iterdir()):
                    for batch in pq.read_table(file).to_batches(max_chunksize=5):
                        sink = pa.BufferOutputStream()
                        with pa.ipc.new_stream(sink, batch.schema) as writer:
                            writer.write_batch(batch)
                        yield types.SimpleNamespace(arrow_ipc=sink.getvalue().to_pybytes(), rows=batch.num_rows)

        module = types.ModuleType("icrl.connection")
        module.connect = Connection  # type: ignore[attr-defined]
        patch = mock.patch.dict(sys.modules, {"icrl.connection": module})
        patch.start()
        self.addCleanup(patch.stop)

    def test_is_what_its_folder_has(self) -> None:
        served = open_trials("127.0.0.1:50551", filter={"task": "river-swim"}, token="secret")
        assert isinstance(served, ServedTrials)
        self.assertEqual(self.asked, [])  # a connection is made when it is needed
        for found, same in zip(served, open_trials(DATA / "log"), strict=True):
            self.assertEqual((found.trial_id, found.columns), (same.trial_id, same.columns))
            np.testing.assert_array_equal(found.rewards, same.rewards)
            np.testing.assert_array_equal(found.propensities, same.propensities)
        request = ("TrajectoryService/StreamTrajectories", {"filter": {"task": "river-swim"}})
        self.assertEqual(self.asked, [(("127.0.0.1:50551",), {"token": "secret"}), request, "closed"])

    def test_gives_what_is_asked_for(self) -> None:
        served = open_trials("localhost:1")
        trial = next(iter(served.read(columns=["rewards"], labels=["optimal"])))
        self.assertIsNone(trial.observations)
        self.assertNotIn("task_options", trial.columns)
        np.testing.assert_array_equal(trial.labels["optimal"].actions, trial.optimal_actions)
        with self.assertRaises(DataError) as raised:
            next(served.read(labels=["made-up"]))
        self.assertEqual(raised.exception.reason, "LABEL_UNKNOWN")
        wanted = sorted(trial.trial_id for trial in served)
        parts = [[trial["trial_id"] for trial in served.torch(part=(i, 3))] for i in range(3)]
        self.assertEqual(sorted(sum(parts, [])), wanted)
        self.assertTrue(all(len(part) > 0 for part in parts))


class Arrow(unittest.TestCase):
    """`.dataset()`."""

    def test_has_every_row_in_order(self) -> None:
        table = open_trials(DATA / "set").dataset().to_table(columns=["episode_id", "return"])
        rows = [row for trial in exported() for row in trial]
        self.assertEqual(table.column("episode_id").to_pylist(), [row["episode_id"] for row in rows])
        label = open_trials(DATA / "set").dataset("made-up").to_table()
        self.assertEqual(label.column("episode_id").to_pylist(), [row["episode_id"] for row in rows])
        self.assertEqual(label.column("actions").to_pylist(), [row["label_actions"] for row in rows])
        with self.assertRaises(DataError):
            open_trials(DATA / "set").dataset("optimal")

    def test_has_columns_that_some_shards_lack(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            shards = [next((FIXTURES / "schema-1/log/data").iterdir()), next((DATA / "log/data").iterdir())]
            for i, shard in enumerate(shards):
                shutil.copy(shard, data / f"trajectories-{i:012}.parquet")
            table = open_trials(folder).dataset().to_table()
            self.assertIn("probabilities", table.column_names)
            self.assertEqual(table.num_rows, sum(pq.read_metadata(shard).num_rows for shard in shards))


class Streams(unittest.TestCase):
    """`.torch()`."""

    def ids(self, stream: Any, workers: int = 0) -> list[str]:
        return [trial["trial_id"] for trial in DataLoader(stream, batch_size=None, num_workers=workers)]

    def test_give_tensors_of_every_trial_to_one_worker(self) -> None:
        opened = open_trials(DATA / "set")
        all_ids = [trial.trial_id for trial in opened]
        item = next(iter(opened.torch(labels=["made-up"])))
        self.assertEqual(item["actions"].dtype, torch.int32)
        self.assertEqual(item["labels.made-up.actions"].shape, item["actions"].shape)
        self.assertEqual(self.ids(opened.torch()), all_ids)
        # By shards, of which there are six, and where these are too few.
        for count, workers in ((1, 2), (2, 0), (3, 2), (7, 0), (4, 2)):
            parts = [self.ids(opened.torch(part=(i, count), shuffle=1), workers) for i in range(count)]
            self.assertEqual(sorted(sum(parts, [])), sorted(all_ids), f"{count} processes of {workers} workers")
            self.assertTrue(all(len(part) > 0 for part in parts))
        with self.assertRaisesRegex(ValueError, "part"):
            opened.torch(part=(2, 2))

    def test_have_an_order_for_each_epoch(self) -> None:
        stream = open_trials(DATA / "set").torch(shuffle=3, columns=["rewards"], transform=lambda trial: {"trial_id": trial.trial_id})
        first, same = self.ids(stream), self.ids(stream)
        stream.set_epoch(1)
        second = self.ids(stream)
        self.assertEqual(first, same)
        self.assertNotEqual(first, second)
        self.assertEqual(sorted(first), sorted(second))

    def test_of_logs_are_shared_out_too(self) -> None:
        opened = open_trials(DATA / "log")
        self.assertEqual(sorted(self.ids(opened.torch(), 2)), sorted(trial.trial_id for trial in opened))


class Orders(unittest.TestCase):
    """The order in which a training reads."""

    def test_are_those_of_icrl_train(self) -> None:
        compared = 0
        for order in json.loads((DATA / "orders.json").read_text()):
            part = None if order["part"] is None else tuple(order["part"])
            reader = ShuffledTrials(
                open_trials(DATA / "set"),
                columns=["task_seed"],
                selection=Selection(part=part),
                seed=int(order["seed"]),
                batch=order["batch"],
            )
            found = [
                {"epoch": epoch, "trials": [trial.trial_id for trial in batch]}
                for epoch in range(order["epochs"])
                for batch in reader.epoch(epoch)
            ]
            self.assertEqual(found, order["batches"])
            compared += len(found)
        print(f"{compared} batches in the order of icrl train")

    def test_are_made_of_the_numbers_of_docs_seeds(self) -> None:
        # The page's worked example.
        common = ("play", "7", "linear-bandit", "3")
        self.assertEqual(hash64("icrl.v1", "task", *common), 6999336262330835016)
        key = Key.of(6999336262330835016).split("theta")
        self.assertEqual((key.high, key.low), (0x0D05AE0B, 0x45633990))
        self.assertEqual(key.uniforms(1)[0], 0.9739520173946364)
        self.assertEqual(key.uniforms(3, 2)[1], key.uniforms(4)[3])
        noise = Key.of(6085098979613260832)
        self.assertEqual(noise.noise(0, 17, 0), 0.2865733083272378)
        self.assertEqual(noise.noise(2, 5, 1), 0.16509203991115007)
        self.assertEqual(noise.noise_key(0, 17, 2).uniforms(1)[0], 0.4349094920696156)
        self.assertEqual(normal_quantiles(np.array([0.2865733083272378]))[0], -0.5634233855328534)
        # Its tails, by symmetry and a table: the quantile of 1e-12 is -7.034484.
        self.assertAlmostEqual(normal_quantiles(np.array([1e-12]))[0], -7.034484, 6)
        self.assertAlmostEqual(normal_quantiles(np.array([0.975]))[0], 1.959963985, 9)


class Tournaments(unittest.TestCase):
    """`icrl.results`."""

    def test_are_tables_of_what_the_files_say(self) -> None:
        found = results(DATA / "tournament")
        document = json.loads((DATA / "tournament/results.json").read_text())
        self.assertEqual(found.leaderboard["rank"].tolist(), [place["rank"] for place in document["leaderboard"]])
        agents = [(task, agent) for task in document["tasks"] for agent in task["agents"]]
        self.assertEqual(len(found.agents), len(agents))
        for (_, row), (task, agent) in zip(found.agents.iterrows(), agents):
            self.assertEqual((row["task"], row["entrant"]), (task["id"], agent["name"]))
            self.assertEqual(row["regret"], agent["regret"]["mean"])
            self.assertEqual([row["regret_low"], row["regret_high"]], agent["regret"]["ci95"])
            self.assertEqual(row["return_se"], agent["return"]["se"])
            self.assertEqual(row["uniform_regret"], task["uniform_regret"])
        self.assertEqual(len(found.curves), sum(len(agent["curve"]["step"]) for _, agent in agents))
        self.assertEqual(found.curves["regret"].tolist(), [mean for _, agent in agents for mean in agent["curve"]["mean"]])
        self.assertEqual(str(found.trials["task_seed"].dtype), "uint64")
        means = found.trials.groupby(["task", "entrant"])["regret"].mean()
        for _, row in found.agents.iterrows():
            self.assertAlmostEqual(means[row["task"], row["entrant"]], row["regret"], 9)
        statistics = found.statistics
        assert statistics is not None
        stored = json.loads((DATA / "tournament/statistics.json").read_text())
        first = stored["tasks"][0]["agents"][0]
        self.assertEqual(statistics.tasks["score_iqm"][0], first["score"]["iqm"]["value"])
        self.assertEqual(statistics.tasks["regret_mean_low"][0], first["regret"]["mean"]["ci95"][0])
        self.assertEqual(len(statistics.overall), len(stored["overall"]["agents"]))
        self.assertEqual(statistics.pairs["regret_difference"][0], stored["tasks"][0]["pairs"][0]["regret_difference"]["value"])
        self.assertEqual(len(statistics.overall_pairs), len(stored["overall"]["pairs"]))
        self.assertIsNone(results(HOSTILE / "good/tournament").statistics)
        print(f"{len(found.trials)} trials of {len(found.agents)} entrants in tables")

    def test_are_refused_where_there_are_none(self) -> None:
        with self.assertRaises(DataError) as raised:
            results(DATA / "set")
        self.assertEqual(raised.exception.reason, "TOURNAMENT_UNKNOWN")


class Imports(unittest.TestCase):
    """What is loaded."""

    def test_wait_until_they_are_needed(self) -> None:
        program = (
            "import sys, icrl.results, icrl.data.open\n"
            "loaded = {'pandas', 'pyarrow', 'torch'} & set(sys.modules)\n"
            "assert not loaded, loaded"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


class Lies(unittest.TestCase):
    """The corpus of files that are not what was written: refused for the reason that icrl gives, or of no meaning to who reads here."""

    def corpus(self, kind: str, read: Any, least: int) -> None:
        entries = [entry for entry in json.loads((HOSTILE / "corpus.json").read_text()) if entry["kind"] == kind]
        refused = 0
        for entry in entries:
            with self.subTest(entry["name"]), tempfile.TemporaryDirectory() as folder:
                # What is committed of a lie is what it changes of a good folder.
                shutil.copytree(HOSTILE / "good" / kind, folder, dirs_exist_ok=True)
                shutil.copytree(HOSTILE / kind / entry["name"], folder, dirs_exist_ok=True)
                try:
                    read(folder)
                except DataError as error:
                    self.assertIn(error.reason, (*entry["reasons"], "LOG_CORRUPT", "DATASET_CORRUPT"))
                    refused += 1
        self.assertGreaterEqual(refused, least)
        print(f"{refused} of {len(entries)} lies about a {kind} refused")

    def test_about_datasets(self) -> None:
        def read(folder: str) -> None:
            opened = open_trials(folder)
            for _ in opened:
                pass
            opened.dataset().to_table()

        self.corpus("dataset", read, 30)

    def test_about_tournaments(self) -> None:
        self.corpus("tournament", results, 10)

    def test_about_logs(self) -> None:
        self.corpus("log", lambda folder: list(open_trials(folder)), 2)

    def test_about_what_kind_of_file_it_is(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(HOSTILE / "good/dataset", folder, dirs_exist_ok=True)
            shard = next(Path(folder, "data").iterdir())
            shard.unlink()
            os.mkfifo(shard)  # would be waited for without end
            for read in (lambda: list(open_trials(folder)), lambda: open_trials(folder).dataset()):
                with self.assertRaises(DataError) as raised:
                    read()
                self.assertIn("is a FIFO", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
