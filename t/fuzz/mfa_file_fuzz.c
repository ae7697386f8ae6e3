/* link: ngx_http_mfa_module/mfa_file.c -lsodium */

/*
 * Any bytes, cut at NUL, as the names of two accounts.  The file of one lies in
 * the folder of its organization, that one in the folder given, neither begins
 * with a dot, and two accounts never share a file.
 */


#include "fuzz.h"
#include "mfa_file.h"


static int
path_of(postern_str_t org, postern_str_t user, char *path)
{
    char           *p, *dir, *file;

    static const char  folder[] = "/var/lib/postern";

    if (mfa_file_path(folder, org, user, path) != 0) {
        HELD(org.len == 0 || user.len == 0);
        return 0;
    }

    HELD(memcmp(path, folder, sizeof(folder) - 1) == 0);

    dir = path + sizeof(folder) - 1;
    HELD(*dir++ == '/' && *dir != '.' && *dir != '/');

    file = strchr(dir, '/');
    HELD(file != NULL && file - dir <= 255);

    file++;
    HELD(*file != '.' && *file != '\0' && strchr(file, '/') == NULL);
    HELD(strlen(file) <= 255 && strlen(file) > 5);
    HELD(strcmp(file + strlen(file) - 5, ".json") == 0);

    for (p = dir; *p; p++) {
        HELD((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
             || (*p >= '0' && *p <= '9') || strchr("-_.%/", *p));
    }

    return 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           one[MFA_FILE_PATH_MAX], two[MFA_FILE_PATH_MAX];
    unsigned       i;
    postern_str_t  rest, name[4];

    rest.data = data;
    rest.len = size;

    for (i = 0; i < 4; i++) {
        name[i] = fuzz_cut(&rest, '\0');
    }

    if (path_of(name[0], name[1], one) && path_of(name[2], name[3], two)) {
        HELD((strcmp(one, two) == 0) == (postern_str_eq(name[0], name[2])
                                         && postern_str_eq(name[1], name[3])));
    }

    return 0;
}
