#include "services/positions/shell.h"

int main(int argc, char** argv) { return ballast::RunService(argc, argv, ballast::PositionsSpec()); }
