#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

namespace ballast {

// A channel that finds a restarted peer within a second.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

}  // namespace ballast
