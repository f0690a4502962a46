#include "services/strategy_runner/shell.h"

int main(int argc, char** argv) { return ballast::RunService(argc, argv, ballast::StrategyRunnerSpec()); }
