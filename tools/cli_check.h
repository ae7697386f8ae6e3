
/* What "postern check" looks at beside what nginx does. */


#ifndef _CLI_CHECK_H_INCLUDED_
#define _CLI_CHECK_H_INCLUDED_


#include "cli.h"


/* warns of what is out of date */
void cli_check_x509(const char *file, const postern_directory_t *dir);


#endif /* _CLI_CHECK_H_INCLUDED_ */
