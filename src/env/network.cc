#include "env/network.h"

namespace kontiki::env {

const char* to_string(NetworkError error) {
  switch (error) {
    case NetworkError::kRefused:
      return "connection refused";
    case NetworkError::kUnreachable:
      return "unreachable";
    case NetworkError::kClosed:
      return "connection closed";
    case NetworkError::kAddressInUse:
      return "address already in use";
    case NetworkError::kBadAddress:
      return "address cannot be resolved";
    case NetworkError::kTimedOut:
      return "timed out";
    case NetworkError::kDenied:
      return "permission denied";
  }
  return "unknown error";
}

}  // namespace kontiki::env
