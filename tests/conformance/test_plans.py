"""The modules of the OpenID Foundation's plans, each against every target; test ids are the module names."""

from typing import Literal

import pytest

from tests.conformance import checks_claims, checks_code_flow, checks_discovery, checks_logout, checks_sessions
from tests.conformance.installation import Installation
from tests.conformance.op import Op
from tests.conformance.plans import CHECKS, INAPPLICABLE, PLANS, Plan
from tests.conformance.planted import FAULTS

pytestmark = pytest.mark.processes

WRITTEN = (checks_claims, checks_code_flow, checks_discovery, checks_logout, checks_sessions)
BY_KEY = {plan.key: plan for plan in PLANS}
TARGETS = ("tongban", pytest.param("peer", marks=pytest.mark.peer))


def run(plan: Plan, module: str, installation: Installation, waits: Literal["full", "short"]) -> None:
    CHECKS[module](Op(installation, installation.wire, module, plan.response_mode, waits))


@pytest.mark.parametrize("module", BY_KEY["basic"].modules)
@pytest.mark.parametrize("target", TARGETS)
def test_basic_op(module: str, installation: Installation, waits: Literal["full", "short"]) -> None:
    run(BY_KEY["basic"], module, installation, waits)


@pytest.mark.parametrize("module", BY_KEY["config"].modules)
@pytest.mark.parametrize("target", TARGETS)
def test_config_op(module: str, installation: Installation, waits: Literal["full", "short"]) -> None:
    run(BY_KEY["config"], module, installation, waits)


@pytest.mark.parametrize("module", BY_KEY["form-post"].modules)
@pytest.mark.parametrize("target", TARGETS)
def test_form_post_op(module: str, installation: Installation, waits: Literal["full", "short"]) -> None:
    run(BY_KEY["form-post"], module, installation, waits)


@pytest.mark.parametrize("module", BY_KEY["rp-initiated-logout"].modules)
@pytest.mark.parametrize("target", TARGETS)
def test_rp_initiated_logout(module: str, installation: Installation, waits: Literal["full", "short"]) -> None:
    run(BY_KEY["rp-initiated-logout"], module, installation, waits)


@pytest.mark.parametrize("module", BY_KEY["back-channel-logout"].modules)
@pytest.mark.parametrize("target", TARGETS)
def test_back_channel_logout(module: str, installation: Installation, waits: Literal["full", "short"]) -> None:
    run(BY_KEY["back-channel-logout"], module, installation, waits)


def test_every_written_check_belongs_to_a_plan_and_every_module_has_a_check() -> None:
    planned = {module for plan in PLANS for module in plan.modules}
    assert planned == set(CHECKS)
    assert {check.__module__ for check in CHECKS.values()} <= {written.__name__ for written in WRITTEN}


def test_every_module_has_a_planted_fault() -> None:
    assert set(FAULTS) == set(CHECKS)


def test_modules_that_do_not_apply_are_not_run() -> None:
    assert not {left_out.module for left_out in INAPPLICABLE} & set(CHECKS)
