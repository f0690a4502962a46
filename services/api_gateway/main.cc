#include "services/api_gateway/shell.h"

int main(int argc, char** argv) { return ballast::RunService(argc, argv, ballast::ApiGatewaySpec()); }
