
#include "postern_directory.h"
