#pragma once
#include <string>
#include <vector>

#include "command.h"

namespace bia::cli {

// The parts of `bia proto`, each in its file. `words` are the arguments after the part's name.
Result<int> proto_add(const std::vector<std::string>& words, const Args& args, Io& io);
Result<int> proto_client(const std::vector<std::string>& words, const Args& args, Io& io);
Result<int> proto_server(const std::vector<std::string>& words, const Args& args, Io& io);
Result<int> proto_openapi(const std::vector<std::string>& words, const Args& args, Io& io);

/// The .proto files that a file or a folder (walked) stands for, sorted. Errors: kNotFound.
Result<std::vector<std::string>> proto_files(const std::string& path);
/// Where names in `import` begin for this file: --proto_path, else api/ where the file lies below
/// it, else the working folder.
std::string proto_root(const std::string& file, const Args& args);
/// "CreateOrderItem" of "create_order_item".
std::string upper_camel(std::string_view snake);
/// Errors: kPermissionDenied.
Result<void> write_text(const std::string& path, std::string_view text);

}  // namespace bia::cli
