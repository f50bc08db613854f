#include <string>

#include "connection.h"

namespace coffer::daemon {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 412: return "Precondition Failed";
    case 413: return "Payload Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

}  // namespace

std::string http_answer(int status, std::string_view body, bool head, bool close,
                        std::string_view content_type) {
  std::string out;
  out.reserve(160 + body.size());
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason(status));
  out.append("\r\nContent-Type: ").append(content_type);
  out.append("\r\nCache-Control: ").append(faces::vault::kCacheControl).append("\r\n");
  if (close) out.append("Connection: close\r\n");
  // RFC 9110 section 8.6: no Content-Length with 204.
  if (status != 204)
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  out.append("\r\n");
  if (!head) out.append(body);
  return out;
}

}  // namespace coffer::daemon
