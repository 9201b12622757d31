"""What the rules of this repository may cost, and that they lose nothing."""

import pytest


@pytest.mark.audit_overhead(workload="udp", blocks=12)
def test_connections_cost_at_most_six_times(audit_overhead):
    result = audit_overhead("rules/base.rules")
    result.assert_ratio_below(6)
    result.assert_nothing_lost(rate=2_000)


@pytest.mark.audit_overhead(workload="shells", blocks=12)
def test_programs_start_at_most_twice_as_slowly(audit_overhead):
    result = audit_overhead("rules/base.rules")
    result.assert_ratio_below(2)


@pytest.mark.audit_overhead(workload="udp", blocks=12)
def test_watching_accounts_costs_connections_little(audit_overhead):
    result = audit_overhead("rules/watched.rules", against="rules/base.rules")
    result.assert_ratio_below(1.5)
