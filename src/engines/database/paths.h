// What each path of the engine does. `name` is what follows the first segment.
#pragma once

#include "coffer/engine/engine.h"
#include "targets.h"

namespace coffer::engines::database {

/// What all handlers work with; outlives them.
struct House {
  Parts parts;
  Targets targets{parts};
};

using Handler = Result<model::Response> (*)(House&, engine::Context&, const model::Request&,
                                            std::string_view name);

// config_paths.cpp
Result<model::Response> list_configs(House&, engine::Context&, const model::Request&,
                                     std::string_view name);
Result<model::Response> read_config(House&, engine::Context&, const model::Request&,
                                    std::string_view name);
Result<model::Response> write_config(House&, engine::Context&, const model::Request&,
                                     std::string_view name);
Result<model::Response> delete_config(House&, engine::Context&, const model::Request&,
                                      std::string_view name);
Result<model::Response> reset_connection(House&, engine::Context&, const model::Request&,
                                         std::string_view name);
// rotate_root.cpp
Result<model::Response> rotate_root(House&, engine::Context&, const model::Request&,
                                    std::string_view name);
// role_paths.cpp
Result<model::Response> list_roles(House&, engine::Context&, const model::Request&,
                                   std::string_view name);
Result<model::Response> read_role(House&, engine::Context&, const model::Request&,
                                  std::string_view name);
Result<model::Response> write_role(House&, engine::Context&, const model::Request&,
                                   std::string_view name);
Result<model::Response> delete_role(House&, engine::Context&, const model::Request&,
                                    std::string_view name);
// creds.cpp
Result<model::Response> read_creds(House&, engine::Context&, const model::Request&,
                                   std::string_view name);
// static_paths.cpp
Result<model::Response> list_static_roles(House&, engine::Context&, const model::Request&,
                                          std::string_view name);
Result<model::Response> read_static_role(House&, engine::Context&, const model::Request&,
                                         std::string_view name);
Result<model::Response> write_static_role(House&, engine::Context&, const model::Request&,
                                          std::string_view name);
Result<model::Response> delete_static_role(House&, engine::Context&, const model::Request&,
                                           std::string_view name);
Result<model::Response> read_static_creds(House&, engine::Context&, const model::Request&,
                                          std::string_view name);
Result<model::Response> rotate_static_role(House&, engine::Context&, const model::Request&,
                                           std::string_view name);

// orphan_paths.cpp
Result<model::Response> list_orphans(House&, engine::Context&, const model::Request&,
                                     std::string_view name);
Result<model::Response> revoke_orphans(House&, engine::Context&, const model::Request&,
                                       std::string_view name);

/// {"keys": […]} of the rows of a table; not_found if there are none.
Result<model::Response> list_table(engine::Context&, std::uint16_t table);

}  // namespace coffer::engines::database
