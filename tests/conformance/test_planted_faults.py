"""Every module fails when the rule it is about is broken, and says so."""

import pytest

from tests.conformance import test_plans
from tests.conformance.expect import Nonconformance
from tests.conformance.faults import FaultyWire
from tests.conformance.installation import Installation
from tests.conformance.op import Op
from tests.conformance.plans import CHECKS, PLANS, Plan
from tests.conformance.planted import fault_of

pytestmark = pytest.mark.processes

CASES = [pytest.param(plan, module, id=f"{plan.key}-{module}") for plan in PLANS for module in plan.modules]


@pytest.mark.parametrize(("plan", "module"), CASES)
@pytest.mark.parametrize("target", test_plans.TARGETS)
def test_a_planted_fault_is_found(plan: Plan, module: str, installation: Installation) -> None:
    fault = fault_of(module, plan.response_mode)
    wire = FaultyWire(installation, fault)
    op = Op(installation, wire, module, plan.response_mode, "none", wire.on_notice)
    with pytest.raises(Nonconformance, match=fault.symptom):
        CHECKS[module](op)
