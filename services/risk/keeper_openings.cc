#include <utility>

#include "libs/base/absl_std.h"
#include "services/risk/keeper.h"

// The keeper's part about whether risk may be opened, and who follows that.
namespace ballast {
namespace {

constexpr std::size_t kSubscribersMax = 256;

}  // namespace

absl::Status RiskKeeper::Opening(const std::string& account, const std::string& deployment,
                                 risk::v1::OpeningAnswer* answer) {
  auto found = accounts_.find(AccountId(account));
  if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  answer->set_account_id(account);
  answer->set_deployment_id(deployment);
  ViewOf(found->first, found->second, DeploymentId(deployment)).DescribeOpening(answer);
  return absl::OkStatus();
}

std::map<std::pair<std::string, std::string>, risk::v1::OpeningAnswer> RiskKeeper::Openings() {
  std::map<std::pair<std::string, std::string>, risk::v1::OpeningAnswer> answers;
  for (const auto& [id, exposure] : accounts_) {
    if (!exposure.opened()) continue;
    std::set<DeploymentId> deployments = breakers_.BlockedDeployments(id);
    // Those that were blocked are told once more that they are not.
    for (const auto& [key, told] : told_) {
      if (key.first == id.value()) deployments.insert(DeploymentId(key.second));
    }
    deployments.insert(DeploymentId());
    for (const DeploymentId& deployment : deployments) {
      risk::v1::OpeningAnswer& answer = answers[{id.value(), deployment.value()}];
      answer.set_account_id(id.value());
      answer.set_deployment_id(deployment.value());
      ViewOf(id, exposure, deployment).DescribeOpening(&answer);
    }
  }
  return answers;
}

void RiskKeeper::TellOpenings() {
  std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->done(); });
  if (subscribers_.empty()) return;
  risk::v1::StreamOpeningsResponse changed;
  for (auto& [key, answer] : Openings()) {
    std::string bytes = answer.SerializeAsString();
    std::string& told = told_[key];
    if (told == bytes) continue;
    told = std::move(bytes);
    *changed.add_answers() = std::move(answer);
  }
  if (changed.answers().empty()) return;
  for (const auto& subscriber : subscribers_) subscriber->Push(changed);
}

void RiskKeeper::Subscribe(std::shared_ptr<OpeningSender> subscriber) {
  std::erase_if(subscribers_, [](const auto& each) { return each->done(); });
  if (subscribers_.size() >= kSubscribersMax)
    return subscriber->Close(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many follow already"));
  risk::v1::StreamOpeningsResponse all;
  for (auto& [key, answer] : Openings()) *all.add_answers() = std::move(answer);
  subscriber->Push(std::move(all));
  subscribers_.push_back(std::move(subscriber));
}

}  // namespace ballast
