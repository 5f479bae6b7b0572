// AlterConfigs (API key 33): replaces all settings of topics at once. Old tools use it; what a tool does not
// name goes back to its default.

#include "broker/alter_run.h"
#include "kafka/messages/alter_configs.h"

namespace kontiki::broker {

void handle_alter_configs(const RequestContext& context, kafka::AlterConfigsRequest request,
                          Respond<kafka::AlterConfigsResponse> respond) {
  alter(context, request, std::move(respond), &plan_replacement,
        [](const kafka::AlterConfigsRequest::Config& config) {
          return ConfigChange{config.name, config.value, static_cast<std::int8_t>(ConfigOperation::kSet)};
        });
}

}  // namespace kontiki::broker
