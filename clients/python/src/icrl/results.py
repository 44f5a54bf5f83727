"""What a tournament came to, as pandas tables: results.json, trials.parquet and statistics.json of its folder. docs/results.md has every field."""

from __future__ import annotations

# pandas and pyarrow are loaded where they are used: `import icrl` needs neither.
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .data.errors import DataError
from .data.files import UnreadableFile, read_json, require_regular_file

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 2
"""Of results.json and of statistics.json."""

_MOST_BYTES = 1 << 30
_REMEDY = "restore it from a backup, or run the tournament again"


@dataclass(frozen=True)
class Statistics:
    """What `icrl tournament report` found. A figure is three columns: NAME, NAME_low and NAME_high, the bounds of its 95 % interval, NaN where
    one trial gives none."""

    tasks: pd.DataFrame
    """A row an entrant and task: task, entrant, rank, trials, forfeits; of its trials' regrets, regret_mean, regret_median, regret_iqm; of their
    scores, score_mean, score_median, score_iqm, optimality_gap; of bandits with fixed arms, suffix_failure and min_fraction."""
    overall: pd.DataFrame
    """A row an entrant: entrant, tasks, trials, forfeits, rank, score_mean, score_median, score_iqm, optimality_gap, rating."""
    pairs: pd.DataFrame
    """A row a pair of entrants and task: task, a, b, probability_of_improvement, regret_difference."""
    overall_pairs: pd.DataFrame
    """A row a pair of entrants: a, b, probability_of_improvement, score_difference."""
    document: Mapping[str, Any]
    """All of statistics.json."""


@dataclass(frozen=True)
class Results:
    """A tournament's results."""

    leaderboard: pd.DataFrame
    """Places, by task, then by rank: task, rank, entrant, regret, trials, forfeits."""
    agents: pd.DataFrame
    """A row an entrant and task: task, entrant, agent, trials, forfeits, forfeit_reason, regret, regret_se, regret_low, regret_high (95 %
    interval), return, return_se, and the task's uniform_regret. NaN where one trial gives no error, none was played, or an earlier version
    did not say."""
    curves: pd.DataFrame
    """A row a step: task, entrant, step, regret (mean cumulative pseudo-regret after it) and se."""
    trials: pd.DataFrame
    """A row a trial of every match, as trials.parquet has it: task, entrant, trial, seeds (uint64), regret, return, complete, ..."""
    tournament: Mapping[str, Any]
    """The tournament's file, with its seed and its id."""
    statistics: Statistics | None
    """None where there is no report yet."""
    document: Mapping[str, Any]
    """All of results.json."""


def results(folder: str | os.PathLike[str]) -> Results:
    """A tournament's results, from the folder of `icrl tournament run --out`.

    Raises:
        DataError: TOURNAMENT_UNKNOWN if there is no results.json; RESULTS_CORRUPT if a file is not what was written; RESULTS_VERSION if a
            later version of icrl wrote it.
    """
    path = Path(folder)
    if not (path / "results.json").exists():
        text = f"{path} has no results.json: give the output folder of `icrl tournament run`, once it has ended"
        raise DataError("TOURNAMENT_UNKNOWN", text)
    document = _document(path / "results.json")
    try:
        return Results(
            leaderboard=_leaderboard(document),
            agents=_agents(document),
            curves=_curves(document),
            trials=_trials(path / "trials.parquet"),
            tournament=document["tournament"],
            statistics=_statistics(path / "statistics.json"),
            document=document,
        )
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        if isinstance(error, DataError):
            raise
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError("RESULTS_CORRUPT", f"{path / 'results.json'} is damaged ({what}): {_REMEDY}") from None


def _document(path: Path) -> Mapping[str, Any]:
    document = read_json(path, "RESULTS_CORRUPT", _REMEDY)
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int):
        raise DataError("RESULTS_CORRUPT", f"{path} is damaged (it has no schema_version): {_REMEDY}")
    if version > SCHEMA_VERSION:
        text = f"{path} has schema_version {version}, this version of icrl reads up to {SCHEMA_VERSION}: use a newer one"
        raise DataError("RESULTS_VERSION", text)
    found: Mapping[str, Any] = document
    return found


def _leaderboard(document: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    columns = ["task", "rank", "name", "regret", "trials", "forfeits"]
    rows = [{name: place.get(name) for name in columns} for place in document["leaderboard"]]
    return pd.DataFrame(rows, columns=columns).rename(columns={"name": "entrant"})


def _agents(document: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for task in document["tasks"]:
        for agent in task["agents"]:
            regret, played = agent["regret"], agent["return"] or {"mean": None, "se": None}
            low, high = regret["ci95"] or (None, None)
            rows.append(
                {
                    "task": task["id"],
                    "entrant": agent["name"],
                    "agent": agent["agent"],
                    "trials": agent["trials"],
                    "forfeits": agent["forfeits"],
                    "forfeit_reason": agent.get("forfeit_reason"),
                    "regret": _number(regret["mean"]),
                    "regret_se": _number(regret["se"]),
                    "regret_low": _number(low),
                    "regret_high": _number(high),
                    "return": _number(played["mean"]),
                    "return_se": _number(played["se"]),
                    "uniform_regret": _number(task.get("uniform_regret")),
                }
            )
    return pd.DataFrame(rows)


def _curves(document: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    tables = [
        pd.DataFrame(
            {
                "task": task["id"],
                "entrant": agent["name"],
                "step": agent["curve"]["step"],
                "regret": [_number(mean) for mean in agent["curve"]["mean"]],
                "se": [_number(se) for se in agent["curve"]["se"]],
            }
        )
        for task in document["tasks"]
        for agent in task["agents"]
    ]
    return pd.concat(tables, ignore_index=True)


def _trials(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        require_regular_file(path, _MOST_BYTES)
        table = pyarrow.parquet.ParquetFile(path).read()
    except (UnreadableFile, OSError, ValueError, pa.ArrowException) as error:
        raise DataError("RESULTS_CORRUPT", f"{path} cannot be read ({error}): {_REMEDY}") from None
    missing = [name for name in ("task", "entrant", "trial", "regret") if name not in table.column_names]
    if missing:
        raise DataError("RESULTS_CORRUPT", f"{path} has no column {missing[0]}: {_REMEDY}")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _statistics(path: Path) -> Statistics | None:
    if not path.exists():
        return None
    import pandas as pd

    document = _document(path)
    try:
        return Statistics(
            tasks=pd.DataFrame([_of_task(task, agent) for task in document["tasks"] for agent in task["agents"]]),
            overall=pd.DataFrame([_of_all(agent) for agent in document["overall"]["agents"]]),
            pairs=pd.DataFrame(
                [
                    {
                        "task": task["id"],
                        "a": pair["a"],
                        "b": pair["b"],
                        "probability_of_improvement": pair["probability_of_improvement"],
                        **_estimate("regret_difference", pair["regret_difference"]),
                    }
                    for task in document["tasks"]
                    for pair in task["pairs"]
                ]
            ),
            overall_pairs=pd.DataFrame(
                [
                    {
                        "a": pair["a"],
                        "b": pair["b"],
                        **_estimate("probability_of_improvement", pair["probability_of_improvement"]),
                        **_estimate("score_difference", pair["score_difference"]),
                    }
                    for pair in document["overall"]["pairs"]
                ]
            ),
            document=document,
        )
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError("RESULTS_CORRUPT", f"{path} is damaged ({what}): write the report again") from None


def _of_task(task: Mapping[str, Any], agent: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "task": task["id"],
        "entrant": agent["name"],
        "rank": agent["rank"],
        "trials": task["trials"],
        "forfeits": agent["forfeits"],
        **_location("regret", agent["regret"]),
        **_location("score", agent["score"]),
        **_estimate("optimality_gap", agent["score"]["optimality_gap"]),
    }
    for name, estimate in agent.get("exploration", {}).items():
        row |= _estimate(name, estimate)
    return row


def _of_all(agent: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "entrant": agent["name"],
        "tasks": agent["tasks"],
        "trials": agent["trials"],
        "forfeits": agent["forfeits"],
        "rank": _number(agent["rank"]),
        **_location("score", agent["score"]),
        **_estimate("optimality_gap", agent["score"]["optimality_gap"]),
        **_estimate("rating", agent["rating"]),
    }


def _location(name: str, location: Mapping[str, Any]) -> dict[str, float]:
    return {
        column: value
        for kind in ("mean", "median", "iqm")
        for column, value in _estimate(f"{name}_{kind}", location[kind]).items()
    }


def _estimate(name: str, estimate: Mapping[str, Any] | None) -> dict[str, float]:
    value, interval = (None, None) if estimate is None else (estimate["value"], estimate["ci95"])
    low, high = interval or (None, None)
    return {name: _number(value), f"{name}_low": _number(low), f"{name}_high": _number(high)}


def _number(value: Any) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"{value!r} stands where a number should be")
