// The code of Boost.JSON, compiled once for everything that links kontiki_lib_json.
#include <boost/json/src.hpp>
