"""The networks from ``GAGAvatar.pt``, strictly: what does not fit is named."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from artalk_engine.checkpoints import WithoutInitialisation
from artalk_engine.errors import CheckpointError, ConfigError
from artalk_engine.tensor_files import load_tensors

from .config import AvatarConfig
from .network import AvatarNetwork

TRAINING_ONLY = "percep_loss"  # in the names of networks that the checkpoint carries along and nobody needs
NAMED = 3  # of each kind of difference


def load_network(path: Path) -> AvatarNetwork:
    """Build the networks and give them the weights of a checkpoint.

    Weights stay in the file until they are looked at: once an avatar is set up, most never are.

    Raises:
        CheckpointError: if the file cannot be read, or its tensors are not the avatar's.
    """
    state = {name: value for name, value in load_tensors(path, is_mapped=True).items() if TRAINING_ONLY not in name}
    try:
        with WithoutInitialisation():
            network = AvatarNetwork(AvatarConfig.of(state))
    except ConfigError as exc:
        raise CheckpointError(f"{path.name} is no GAGAvatar checkpoint: {exc}", REMEDY) from exc
    _check(network.state_dict(), state, path.name)
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


REMEDY = "Fetch GAGAvatar.pt again, from its authors' repository."


def _check(own: dict[str, Tensor], state: dict[str, Tensor], source: str) -> None:
    problems = [
        *_listed("lacks", [name for name in own if name not in state]),
        *_listed("has unknown", [name for name in state if name not in own]),
        *_listed(
            "has another shape of", [name for name in own if name in state and own[name].shape != state[name].shape]
        ),
    ]
    if problems:
        raise CheckpointError(f"{source} is no GAGAvatar checkpoint: it {', and '.join(problems)}", REMEDY)


def _listed(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [f"{what} {', '.join(names[:NAMED])}{more}"]
