"""The concept encoder: tables that a frozen network steps with."""

from dataclasses import replace

import torch

from ldsim_env.simulator.concept_encoder import ConceptEncoder, table_shapes
from tests.simulator.made_up import N_CONCEPTS, TINY_NETWORK, copy_of, made_up_network, practised_state


def encoder(seed: int = 0) -> ConceptEncoder:
    return ConceptEncoder(N_CONCEPTS, TINY_NETWORK, torch.Generator().manual_seed(seed))


def test_tables_have_the_shapes_of_the_settings() -> None:
    sizes = replace(TINY_NETWORK, n_factors=3, concept_size=6)
    expected = table_shapes(N_CONCEPTS, sizes)
    tables = ConceptEncoder(N_CONCEPTS, sizes, torch.Generator().manual_seed(0))()
    assert {n: t.shape for n, t in tables._asdict().items()} == {n: t.shape for n, t in expected._asdict().items()}


def test_evidence_flows_between_concepts_only() -> None:
    flow = encoder()().flow
    assert torch.equal(flow.diagonal(), torch.zeros(N_CONCEPTS))
    assert flow.abs().max() < 1
    assert (flow != 0).sum() == N_CONCEPTS * (N_CONCEPTS - 1)


def test_start_weights_come_from_the_generator_alone() -> None:
    before = torch.get_rng_state()
    one, same, other = encoder(0)(), encoder(0)(), encoder(1)()
    assert torch.equal(one.vectors, same.vectors)
    assert not torch.equal(one.vectors, other.vectors)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_frozen_network_needs_no_encoder() -> None:
    network = made_up_network()
    tables = encoder(5)()
    network.freeze(tables)
    state = practised_state(network)
    mastery = network.mastery(state)
    assert all(torch.equal(network.state_dict()[f"table_{n}"], t) for n, t in tables._asdict().items())
    assert not any(table.requires_grad for table in network.tables)
    network.freeze()  # from the tables that it holds
    assert torch.equal(network.mastery(state), mastery)


def test_freezing_copies_the_tables() -> None:
    network, tables = made_up_network(), encoder(5)()
    network.freeze(tables)
    kept = copy_of(network.tables._asdict())
    with torch.no_grad():
        tables.vectors.add_(1)
    assert torch.equal(network.tables.vectors, kept["vectors"])


def test_gradients_reach_the_encoder_through_the_steps() -> None:
    network, learned = made_up_network(), encoder(5)
    network.use_tables(learned())
    network.mastery(practised_state(network)).sum().backward()
    unused = {"flow_along"}  # evidence along the teacher's relations, of which there are none here
    reached = {n for n, weight in learned.named_parameters() if weight.grad is not None and weight.grad.any()}
    assert reached == {n for n, _ in learned.named_parameters()} - unused
