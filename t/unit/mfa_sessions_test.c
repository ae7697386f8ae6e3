
/* link: ngx_http_mfa_module/mfa_sessions.c */

#include "exact.h"
#include "mfa_session.h"


#define BEGAN  INT64_C(1795300000000)    /* ms */

static mfa_sessions_t      list;
static const mfa_limits_t  limits = { 3600, 86400 };


static mfa_listed_t
listed(int n, int64_t created)
{
    mfa_listed_t  l;

    memset(l.key, n, MFA_SESSION_KEY);
    memset(l.id, n, MFA_SESSION_ID);
    l.created = created;

    return l;
}


static int
add(int n, int64_t created)
{
    mfa_listed_t  l = listed(n, created), pushed;

    return mfa_sessions_add(&list, &l, NULL, BEGAN, &pushed);
}


static int
replace(int n, int old, int64_t began)
{
    mfa_listed_t  l = listed(n, 1000), o = listed(old, 0), pushed;

    return mfa_sessions_add(&list, &l, o.key, began, &pushed);
}


static void
empty(void)
{
    memset(&list, 0, sizeof(list));
}


TEST(a_list_is_read_as_it_was_written)
{
    int             i;
    size_t          n;
    mfa_sessions_t  read;
    unsigned char   out[MFA_SESSIONS_SIZE];

    empty();
    list.ended = INT64_C(0x0102030405060708);

    for (i = 1; i <= MFA_SESSIONS_MAX; i++) {
        EXPECT_INT(add(i, BEGAN + i), -1);
    }

    list.ended = 1;

    for (i = 1; i <= MFA_SESSIONS_MAX; i++) {
        EXPECT_INT(add(i, BEGAN + i), 0);
        n = mfa_sessions_pack(&list, out);

        EXPECT_INT(n, 16 + i * 48);
        EXPECT_INT(mfa_sessions_unpack(exact_slice(out, n), &read), 0);
        EXPECT_INT(read.n, i);
        EXPECT_INT(read.ended, 1);
        EXPECT_MEM(read.sessions, list.sessions, i * sizeof(mfa_listed_t));
    }

    EXPECT_INT(n, MFA_SESSIONS_SIZE);
}


TEST(a_list_has_this_very_layout)
{
    size_t         n;
    unsigned char  out[MFA_SESSIONS_SIZE];

    empty();
    EXPECT_INT(add(0xab, 0x0102), 0);
    list.ended = 0x03;

    n = mfa_sessions_pack(&list, out);

    EXPECT_INT(n, 64);
    EXPECT_MEM(out, "\1\1\0\0\0\0\0\0" "\3\0\0\0\0\0\0\0", 16);
    EXPECT_INT(out[16], 0xab);
    EXPECT_INT(out[55], 0xab);
    EXPECT_MEM(out + 56, "\2\1\0\0\0\0\0\0", 8);
}


TEST(no_record_is_an_empty_list)
{
    mfa_sessions_t  read;
    postern_str_t   absent = postern_null_string;

    memset(&read, 0xff, sizeof(read));

    EXPECT_INT(mfa_sessions_unpack(absent, &read), 0);
    EXPECT_INT(read.n, 0);
    EXPECT_INT(read.ended, 0);

    /* an empty one is no list */
    EXPECT_INT(mfa_sessions_unpack(exact(""), &read), -1);
    EXPECT_INT(read.n, 0);
}


TEST(a_record_of_any_other_length_is_none)
{
    size_t          i, n;
    mfa_sessions_t  read;
    unsigned char   out[MFA_SESSIONS_SIZE];

    empty();
    add(1, 1);
    add(2, 2);
    n = mfa_sessions_pack(&list, out);
    memset(out + n, 0, sizeof(out) - n);

    for (i = 0; i <= 200; i++) {
        EXPECT_INT(mfa_sessions_unpack(exact_slice(out, i), &read),
                   i == n ? 0 : -1);
    }
}


TEST(what_is_no_list_is_refused)
{
    int             i;
    size_t          n;
    mfa_sessions_t  read;
    unsigned char   out[MFA_SESSIONS_SIZE + 48], *p;

    empty();
    add(1, 1);
    n = mfa_sessions_pack(&list, out);

    for (i = 0; i < 16; i++) {
        p = exact_bytes(out, n);
        p[i] ^= (i == 8) ? 0x80 : (i > 8 && i < 15) ? 0 : 0x80;

        EXPECT_INT(mfa_sessions_unpack((postern_str_t) { n, p }, &read),
                   i >= 8 && i < 15 ? 0 : -1);
    }

    /* a time below 0 */
    p = exact_bytes(out, n);
    p[63] = 0x80;
    EXPECT_INT(mfa_sessions_unpack((postern_str_t) { n, p }, &read), -1);
    EXPECT_INT(read.n, 0);

    /* one more than there may be */
    memset(out, 0, sizeof(out));
    out[0] = 1;
    out[1] = MFA_SESSIONS_MAX + 1;
    EXPECT_INT(mfa_sessions_unpack(exact_slice(out, sizeof(out)), &read), -1);
}


TEST(a_session_under_way_finds_the_door_closed)
{
    mfa_listed_t  l, pushed;

    empty();
    list.ended = BEGAN;

    /* it began before all were ended, or in the same moment */

    l = listed(1, 1);
    EXPECT_INT(mfa_sessions_add(&list, &l, NULL, BEGAN - 1, &pushed), -1);
    EXPECT_INT(mfa_sessions_add(&list, &l, NULL, BEGAN, &pushed), -1);
    EXPECT_INT(list.n, 0);

    EXPECT_INT(mfa_sessions_add(&list, &l, NULL, BEGAN + 1, &pushed), 0);
    EXPECT_INT(list.n, 1);
}


TEST(a_new_token_takes_the_place_of_the_old_one)
{
    empty();
    add(1, 1);
    add(2, 2);
    add(3, 3);

    EXPECT_INT(replace(9, 2, BEGAN), 0);
    EXPECT_INT(list.n, 3);
    EXPECT_INT(list.sessions[1].key[0], 9);
    EXPECT_INT(list.sessions[1].created, 1000);
    EXPECT_INT(list.sessions[0].key[0], 1);
    EXPECT_INT(list.sessions[2].key[0], 3);
}


TEST(a_session_that_was_ended_gets_no_new_token)
{
    empty();
    add(1, 1);

    /* ended by its owner while a code was being checked */

    EXPECT_INT(mfa_sessions_remove(&list, listed(1, 0).id, NULL), 0);
    EXPECT_INT(replace(9, 1, BEGAN), -1);
    EXPECT_INT(list.n, 0);

    /* two codes at once: one of them wins */

    add(2, 1);
    EXPECT_INT(replace(8, 2, BEGAN), 0);
    EXPECT_INT(replace(9, 2, BEGAN), -1);
    EXPECT_INT(list.n, 1);
    EXPECT_INT(list.sessions[0].key[0], 8);

    /* all others were ended, this one was kept: what began before is over */

    list.ended = BEGAN + 5;
    EXPECT_INT(replace(9, 8, BEGAN), -1);
    EXPECT_INT(replace(9, 8, BEGAN + 6), 0);
}


TEST(an_addition_whose_answer_was_lost_is_made_once)
{
    empty();
    EXPECT_INT(add(1, 1), 0);
    EXPECT_INT(add(1, 1), 0);
    EXPECT_INT(list.n, 1);

    EXPECT_INT(replace(2, 1, BEGAN), 0);
    EXPECT_INT(replace(2, 1, BEGAN), 0);
    EXPECT_INT(list.n, 1);
}


TEST(the_oldest_goes_where_the_list_is_full)
{
    int           i;
    mfa_listed_t  l, pushed;

    empty();

    for (i = 1; i <= MFA_SESSIONS_MAX; i++) {
        EXPECT_INT(add(i, i == 7 ? 5 : 100 + i), 0);
    }

    l = listed(99, 1000);
    memset(&pushed, 0, sizeof(pushed));

    EXPECT_INT(mfa_sessions_add(&list, &l, NULL, BEGAN, &pushed), 1);
    EXPECT_INT(pushed.key[0], 7);
    EXPECT_INT(pushed.key[31], 7);
    EXPECT_INT(pushed.id[0], 7);
    EXPECT_INT(pushed.created, 5);
    EXPECT_INT(list.n, MFA_SESSIONS_MAX);
    EXPECT_INT(list.sessions[MFA_SESSIONS_MAX - 1].key[0], 99);
    EXPECT_INT(list.sessions[6].key[0], 8);

    /* a new token pushes nobody out */

    EXPECT_INT(replace(98, 99, BEGAN), 0);
    EXPECT_INT(list.n, MFA_SESSIONS_MAX);
    EXPECT_INT(list.sessions[0].key[0], 1);

    /* nor does one that is there */

    EXPECT_INT(add(98, 1000), 0);
    EXPECT_INT(list.n, MFA_SESSIONS_MAX);

    /* of equals the first */

    for (i = 0; i < MFA_SESSIONS_MAX; i++) {
        list.sessions[i].created = 50;
    }

    l = listed(97, 50);
    EXPECT_INT(mfa_sessions_add(&list, &l, NULL, BEGAN, &pushed), 1);
    EXPECT_INT(pushed.key[0], 1);
}


TEST(sessions_are_removed_by_their_id)
{
    mfa_listed_t  gone;

    empty();
    add(1, 1);
    add(2, 2);
    add(3, 3);

    EXPECT_INT(mfa_sessions_remove(&list, listed(2, 0).id, &gone), 0);
    EXPECT_INT(gone.key[0], 2);
    EXPECT_INT(gone.created, 2);
    EXPECT_INT(list.n, 2);
    EXPECT_INT(list.sessions[0].key[0], 1);
    EXPECT_INT(list.sessions[1].key[0], 3);

    EXPECT_INT(mfa_sessions_remove(&list, listed(2, 0).id, &gone), -1);
    EXPECT_INT(list.n, 2);

    EXPECT_INT(mfa_sessions_remove(&list, listed(3, 0).id, NULL), 0);
    EXPECT_INT(mfa_sessions_remove(&list, listed(1, 0).id, NULL), 0);
    EXPECT_INT(list.n, 0);
    EXPECT_INT(mfa_sessions_remove(&list, listed(1, 0).id, NULL), -1);
}


TEST(the_whole_id_counts)
{
    mfa_listed_t  l;

    empty();
    add(1, 1);

    l = listed(1, 0);
    l.id[MFA_SESSION_ID - 1]++;

    EXPECT_INT(mfa_sessions_remove(&list, l.id, NULL), -1);
    EXPECT_INT(list.n, 1);
}


TEST(a_full_list_gives_up_its_last_one)
{
    int  i;

    empty();

    for (i = 1; i <= MFA_SESSIONS_MAX; i++) {
        add(i, i);
    }

    EXPECT_INT(mfa_sessions_remove(&list, listed(MFA_SESSIONS_MAX, 0).id, NULL),
               0);
    EXPECT_INT(mfa_sessions_remove(&list, listed(1, 0).id, NULL), 0);
    EXPECT_INT(list.n, MFA_SESSIONS_MAX - 2);
    EXPECT_INT(list.sessions[0].key[0], 2);
}


TEST(entries_past_their_limit_are_forgotten)
{
    empty();
    add(1, 1000);
    add(2, 1000 + 86400);
    add(3, 1001);
    add(4, 1000 + 2 * 86400);

    list.ended = 77;
    mfa_sessions_expire(&list, &limits, 1000 + 86400);

    /* the last one is from the future */

    EXPECT_INT(list.n, 2);
    EXPECT_INT(list.sessions[0].key[0], 2);
    EXPECT_INT(list.sessions[1].key[0], 3);
    EXPECT_INT(list.ended, 77);

    add(5, 1000 + 86400 + MFA_SESSION_SKEW);
    add(6, INT64_MAX);
    EXPECT_INT(list.n, 4);

    mfa_sessions_expire(&list, &limits, 1000 + 86400);
    EXPECT_INT(list.n, 3);
    EXPECT_INT(list.sessions[2].key[0], 5);

    mfa_sessions_expire(&list, &limits, 1000 + 10 * 86400);
    EXPECT_INT(list.n, 0);
}


UNIT_MAIN()
