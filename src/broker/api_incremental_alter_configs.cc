// IncrementalAlterConfigs (API key 44): changes single settings of topics.

#include "broker/alter_run.h"
#include "kafka/messages/incremental_alter_configs.h"

namespace kontiki::broker {

void handle_incremental_alter_configs(const RequestContext& context,
                                      kafka::IncrementalAlterConfigsRequest request,
                                      Respond<kafka::IncrementalAlterConfigsResponse> respond) {
  alter(context, request, std::move(respond), &plan_change,
        [](const kafka::IncrementalAlterConfigsRequest::Config& config) {
          return ConfigChange{config.name, config.value, config.config_operation};
        });
}

}  // namespace kontiki::broker
