"""`scripts/status`: which services serve, and where."""
from suite import health


def show(environment):
    states = health.states(environment)
    running = all(state == "serving" for state in states.values())
    print(f"Ballast · PAPER, simulated money · {'running' if running else 'NOT READY'}")
    for service, state in states.items():
        print(f"  {service:<18}{state:<13}127.0.0.1:{environment[f'BALLAST_{service.upper()}_PORT']}")
    return 0 if running else 1
