#include "replace_file.h"
#include "token.h"

namespace coffer::cli {

Result<std::string> store_token(const Environment& environment, const SecureBytes& token) {
  const std::string path = token_file(environment);
  if (path.empty()) {
    return make_error(ErrorCode::internal, "cannot store the token: you have no home directory");
  }
  const auto stored =
      replace_file(path, as_text(token.expose(Reveal{"store the token"})), mode_t{0600});
  if (stored.ok()) return path;
  return make_error(ErrorCode::internal,
                    "cannot store the token in " + path + ": " + stored.error().text);
}

}  // namespace coffer::cli
