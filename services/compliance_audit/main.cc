#include "services/compliance_audit/shell.h"

int main(int argc, char** argv) { return ballast::RunService(argc, argv, ballast::ComplianceAuditSpec()); }
