#pragma once
#include <string>
#include <string_view>

#include "bia/base/error.h"
#include "bia/content/media_type.h"

namespace bia {

/// Appends an error as Kratos' errors.Status in `format`, as its DefaultErrorEncoder does by
/// Accept. Returns the media type of what it wrote: JSON where the format has no form for it
/// (Kratos answers XML with an empty 500).
std::string_view append_error(const Error& error, Format format, std::string& body);

}  // namespace bia
