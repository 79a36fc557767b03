"""The peers: how each is made (published default widths), fitted and searched."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from ldsim_env.errors import SettingsError, missing_extra, unknown_name
from ldsim_env.logs import QuestionBank
from ldsim_env.logs.windows import WINDOW_LENGTH
from peers import training
from peers.akt import AktPeer
from peers.bkt import BktPeer
from peers.concepts import concept_id_of_question, n_concept_ids
from peers.dkvmn import DkvmnPeer
from peers.elo import EloPeer
from peers.iekt import IektPeer
from peers.irt import IrtPeer
from peers.lstm import LstmPeer, SmoothLstmPeer
from peers.peer import Peer
from peers.sakt import SaktPeer

LEARNING_RATES = (1e-3, 3e-3, 3e-4)  # in the order in which `--tries` takes them


@dataclass(frozen=True)
class Kind:
    """One row of the table.

    Args:
        name: As the field writes it.
        source: Whose code it is.
        sizes: Its widths, in words.
        build: Makes an untrained peer for a bank; torch's own generator draws its weights.
        fit: Fits it.
        searched: What is searched on the stopping students of seed 0, in words.
        settings: The values that are tried.
    """

    name: str
    source: str
    sizes: str
    build: Callable[[QuestionBank], Peer]
    fit: training.Fit = training.fit_by_adam
    searched: str = "learning rate"
    settings: tuple[float, ...] = LEARNING_RATES


def _dkt(bank: QuestionBank) -> Peer:
    from pykt.models.dkt import DKT  # noqa: PLC0415 - an optional package

    return LstmPeer(DKT(n_concept_ids(bank), emb_size=200, dropout=0.2), concept_id_of_question(bank))


def _dkt_plus(bank: QuestionBank) -> Peer:
    from pykt.models.dkt_plus import DKTPlus  # noqa: PLC0415 - an optional package

    weights = {"lambda_r": 0.01, "lambda_w1": 0.003, "lambda_w2": 3.0}
    net: nn.Module = DKTPlus(n_concept_ids(bank), emb_size=200, dropout=0.2, **weights)
    return SmoothLstmPeer(net, concept_id_of_question(bank))


def _qdkt(bank: QuestionBank) -> Peer:
    import torch  # noqa: PLC0415 - beside the optional package
    from pykt.models.qdkt import QDKTNet  # noqa: PLC0415 - an optional package

    net = QDKTNet(bank.n_questions, n_concept_ids(bank), emb_size=300, dropout=0.2)
    return LstmPeer(net, torch.arange(bank.n_questions))


def _dkvmn(bank: QuestionBank) -> Peer:
    from pykt.models.dkvmn import DKVMN  # noqa: PLC0415 - an optional package

    return DkvmnPeer(DKVMN(n_concept_ids(bank), dim_s=200, size_m=50, dropout=0.2), concept_id_of_question(bank))


def _sakt(bank: QuestionBank) -> Peer:
    from pykt.models.sakt import SAKT  # noqa: PLC0415 - an optional package

    n = n_concept_ids(bank)
    net = SAKT(n, WINDOW_LENGTH, emb_size=256, num_attn_heads=8, dropout=0.2, num_en=1)
    return SaktPeer(net, concept_id_of_question(bank), {"interaction_emb": n}, longest=WINDOW_LENGTH)


def _akt(bank: QuestionBank) -> Peer:
    from pykt.models.akt import AKT  # noqa: PLC0415 - an optional package

    net = AKT(n_concept_ids(bank), bank.n_questions, d_model=256, n_blocks=1, dropout=0.2, d_ff=512, num_attn_heads=8)
    return AktPeer(net, concept_id_of_question(bank), {"qa_embed": 1, "qa_embed_diff": 1})


def _iekt(bank: QuestionBank) -> Peer:
    from pykt.models.iekt import IEKT  # noqa: PLC0415 - an optional package

    with contextlib.redirect_stdout(io.StringIO()):  # the class prints its settings
        model = IEKT(bank.n_questions + 1, n_concept_ids(bank), emb_size=64, max_concepts=1)
    return IektPeer(model, concept_id_of_question(bank))


def _bkt(bank: QuestionBank) -> Peer:
    return BktPeer(concept_id_of_question(bank), n_concept_ids(bank))


def _irt(bank: QuestionBank) -> Peer:
    return IrtPeer(concept_id_of_question(bank), n_concept_ids(bank))


def _elo(bank: QuestionBank) -> Peer:
    return EloPeer(concept_id_of_question(bank), n_concept_ids(bank))


PYKT = "pykt-toolkit"
KINDS = (
    Kind("Elo", "here", "1 ability + 1 a concept", _elo, training.fit_elo, "gain", (0.4, 0.2, 0.8)),
    Kind("IRT", "here", "1 ability", _irt, training.fit_irt, "spread of questions", (1.0, 0.5, 2.0)),
    Kind("IRT-logodds", "here", "1 ability", _irt, training.fit_irt_by_log_odds, "scale", (1.2, 1.0, 1.4)),
    Kind(
        "IRT-neighbours",
        "here",
        "1 ability",
        _irt,
        training.fit_irt_by_neighbours,
        "spread of questions",
        (0.7, 0.5, 1.0),
    ),
    Kind("BKT", "pyBKT", "4 a concept", _bkt, training.fit_bkt, "nothing", (0.0,)),
    Kind("DKT", PYKT, "LSTM 200", _dkt),
    Kind("AKT", PYKT, "256, 8 heads, 1 block", _akt),
    Kind("SAKT", PYKT, "256, 8 heads, 1 block", _sakt),
    Kind("qDKT", PYKT, "LSTM 300", _qdkt),
    Kind("DKT+", PYKT, "LSTM 200", _dkt_plus),
    Kind("IEKT", PYKT, "64, 10 + 10 levels", _iekt),
    Kind("DKVMN", PYKT, "50 x 200", _dkvmn),
)  # in the order in which the grid runs them: cheap and important ones first


def kinds_named(names: list[str]) -> tuple[Kind, ...]:
    """The rows of these names.

    Raises:
        SettingsError: If a name is unknown.
    """
    known = {kind.name.casefold(): kind for kind in KINDS}
    for name in names:
        if name.casefold() not in known:
            raise SettingsError(unknown_name("peer", name, [kind.name for kind in KINDS]))
    return tuple(known[name.casefold()] for name in names)


def built(kind: Kind, bank: QuestionBank) -> Peer:
    """An untrained peer.

    Raises:
        MissingExtraError: If its package is not installed.
    """
    try:
        return kind.build(bank)
    except ImportError as error:
        raise missing_extra("peers", f"The peer {kind.name}", error) from error
