#include "services/order_management/shell.h"

int main(int argc, char** argv) { return ballast::RunService(argc, argv, ballast::OrderManagementSpec()); }
