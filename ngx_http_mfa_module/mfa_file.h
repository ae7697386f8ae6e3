
/*
 * Accounts in a folder, where there is no Redis: one file each, so that a
 * change costs the same however many there are, <folder>/<org>/<user>.json
 * with everything but letters, digits, "-", "_" and "." in the middle written
 * as %XX (a name too long for a file by its SHA-256).  Calls block: they belong
 * into a thread.
 */


#ifndef _MFA_FILE_H_INCLUDED_
#define _MFA_FILE_H_INCLUDED_


#include "mfa_account.h"


#define MFA_FILE_PATH_MAX   4096


typedef enum {
    MFA_FILE_OK = 0,
    MFA_FILE_NO,              /* read: there is none; swap: has changed */
    MFA_FILE_FAILED           /* errno says why */
} mfa_file_e;


/* 0, or -1 where the path is too long or a name is empty */
int mfa_file_path(const char *folder, postern_str_t org, postern_str_t user,
    char path[MFA_FILE_PATH_MAX]);

/* reads up to MFA_ACCOUNT_MAX bytes; more is MFA_FILE_FAILED with EFBIG; no
   link is followed, nothing but a regular file read.  Where <folder> itself is
   missing that is MFA_FILE_FAILED with ENOTDIR, never MFA_FILE_NO. */
mfa_file_e mfa_file_read(const char *path, unsigned char *out, size_t *len);

/*
 * Replaces the content old (absent: no file) by new (absent: remove it) in one
 * step that all processes see whole and that outlives a power cut: lock, read,
 * compare, write a temporary file, fsync, rename, fsync the folder.  Folders of
 * organizations are made with mode 0700 where there are none, files with 0600;
 * what a writer that was killed left behind goes with the next one.
 */
mfa_file_e mfa_file_swap(const char *path, postern_str_t old,
    postern_str_t new);


#endif /* _MFA_FILE_H_INCLUDED_ */
