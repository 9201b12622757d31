"""The one who acts: plan, trial, runner."""
