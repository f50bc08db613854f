#include "transport_error.h"

#include <curl/curl.h>

#include <cerrno>
#include <cstring>

namespace coffer::cli {
namespace {

Error nobody_there(const Settings& settings, int system_error) {
  const Address& address = settings.address;
  std::string text = "cannot connect to " + address.text;
  if (system_error != 0) text.append(": ").append(std::strerror(system_error));
  if (address.socket_path.empty()) {
    text += "\nis the address right? -address or COFFER_ADDR names another one";
  } else if (system_error == EACCES || system_error == EPERM) {
    text += "\nmay your user open the socket? see: ls -l " + address.socket_path;
  } else {
    text +=
        "\nis cofferd running? see: systemctl status cofferd; "
        "-address or COFFER_ADDR names another socket";
  }
  return make_error(ErrorCode::unavailable, text);
}

Error timed_out(const Settings& settings) {
  return make_error(ErrorCode::unavailable,
                    "no answer from " + settings.address.text + " within " +
                        std::to_string(settings.timeout.count()) +
                        " ms\nwhether the request was carried out is not known; "
                        "COFFER_CLIENT_TIMEOUT changes how long to wait");
}

Error tls_failed(const Settings& settings, const char* what) {
  return make_error(ErrorCode::unavailable,
                    "no trusted TLS connection to " + settings.address.text + ": " + what +
                        "\n-ca-cert or COFFER_CACERT names the authority to trust");
}

}  // namespace

Error transport_error(const Settings& settings, int curl_code, int system_error) {
  const auto code = static_cast<CURLcode>(curl_code);
  const char* what = curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_CONNECT: return nobody_there(settings, system_error);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return make_error(ErrorCode::unavailable,
                        "cannot find the host of " + settings.address.text +
                            "\nis the address right? -address or COFFER_ADDR names another one");
    case CURLE_OPERATION_TIMEDOUT: return timed_out(settings);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE: return tls_failed(settings, what);
    case CURLE_SSL_CERTPROBLEM:
      return make_error(ErrorCode::invalid_argument,
                        std::string("cannot use the client certificate: ") + what +
                            "\nsee -client-cert and -client-key");
    case CURLE_URL_MALFORMAT:
      return make_error(ErrorCode::invalid_argument, "invalid address: " + settings.address.text);
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return make_error(ErrorCode::unavailable,
                        "the connection to " + settings.address.text +
                            " ended without an answer\nwhether the request was carried out is not "
                            "known; the daemon's log may say why");
    default:
      return make_error(ErrorCode::unavailable, "no answer from " + settings.address.text + ": " +
                                                    what + "\nis it a vault that listens there?");
  }
}

}  // namespace coffer::cli
