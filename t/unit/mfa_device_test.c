
/* link: ngx_http_mfa_module/mfa_device.c
   ngx_http_mfa_module/mfa_base64url.c */

#include "exact.h"
#include "mfa_device.h"


#define ENTRY(a)  a "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"    /* 38 */


static mfa_devices_t  devices;


static mfa_device_t
device(int lane, int seal)
{
    mfa_device_t  d;

    memset(d.lane, lane, MFA_DEVICE_LANE);
    memset(d.seal, seal, MFA_DEVICE_SEAL);

    return d;
}


static void
add(int lane, int seal)
{
    mfa_device_t  d = device(lane, seal);

    mfa_devices_add(&devices, &d);
}


static const char *
written(void)
{
    size_t       n;
    static char  out[MFA_DEVICE_COOKIE + 1];

    n = mfa_devices_write(&devices, out);
    EXPECT_INT(n, strlen(out));

    return out;
}


TEST(a_cookie_is_read_as_it_was_written)
{
    const char     *text;
    mfa_devices_t   before;

    devices.n = 0;
    add(1, 2);
    add(3, 4);
    add(0xff, 0xfe);

    before = devices;
    text = written();

    EXPECT_INT(strlen(text), 3 * MFA_DEVICE_ENTRY + 2);

    mfa_devices_parse(exact(text), &devices);

    EXPECT_INT(devices.n, 3);
    EXPECT_MEM(devices.entries, before.entries, 3 * sizeof(mfa_device_t));
    EXPECT_INT(devices.entries[0].lane[0], 0xff);
}


TEST(no_cookie_is_no_device)
{
    postern_str_t  absent = postern_null_string;

    devices.n = 3;
    mfa_devices_parse(absent, &devices);
    EXPECT_INT(devices.n, 0);
    EXPECT_MEM(written(), "", 1);

    devices.n = 3;
    mfa_devices_parse(exact(""), &devices);
    EXPECT_INT(devices.n, 0);
}


TEST(the_newest_comes_first_and_the_oldest_goes)
{
    int  i;

    devices.n = 0;

    for (i = 1; i <= MFA_DEVICE_ENTRIES + 2; i++) {
        add(i, i);
    }

    EXPECT_INT(devices.n, MFA_DEVICE_ENTRIES);

    for (i = 0; i < MFA_DEVICE_ENTRIES; i++) {
        EXPECT_INT(devices.entries[i].lane[0], MFA_DEVICE_ENTRIES + 2 - i);
    }

    EXPECT_INT(strlen(written()), MFA_DEVICE_COOKIE - 1);
}


TEST(a_lane_is_kept_once)
{
    devices.n = 0;
    add(1, 10);
    add(2, 20);
    add(3, 30);
    add(1, 11);

    EXPECT_INT(devices.n, 3);
    EXPECT_INT(devices.entries[0].lane[0], 1);
    EXPECT_INT(devices.entries[0].seal[0], 11);
    EXPECT_INT(devices.entries[1].lane[0], 3);
    EXPECT_INT(devices.entries[2].lane[0], 2);

    /* none of the others goes for one that is there already */

    add(4, 40);
    add(2, 21);
    EXPECT_INT(devices.n, 4);
    EXPECT_INT(devices.entries[0].seal[0], 21);
    EXPECT_INT(devices.entries[3].lane[0], 3);
}


TEST(what_is_no_entry_is_left_out)
{
    mfa_devices_parse(exact(ENTRY("A") "." ENTRY("B")), &devices);
    EXPECT_INT(devices.n, 2);

    mfa_devices_parse(exact("." ENTRY("A") "..x." ENTRY("B") "."), &devices);
    EXPECT_INT(devices.n, 2);

    mfa_devices_parse(exact(ENTRY("A") "A." ENTRY("B")), &devices);
    EXPECT_INT(devices.n, 1);

    mfa_devices_parse(exact(ENTRY("+") "." ENTRY("B")), &devices);
    EXPECT_INT(devices.n, 1);

    mfa_devices_parse(exact(ENTRY("A") " ." ENTRY("B")), &devices);
    EXPECT_INT(devices.n, 1);
    EXPECT_INT(devices.entries[0].lane[0], 1 << 2);
}


TEST(an_entry_has_one_spelling)
{
    char  text[MFA_DEVICE_ENTRY + 1] = ENTRY("A");

    /* 38 digits are 228 bits: the last four encode nothing */

    mfa_devices_parse(exact(text), &devices);
    EXPECT_INT(devices.n, 1);

    text[MFA_DEVICE_ENTRY - 1] = 'B';
    mfa_devices_parse(exact(text), &devices);
    EXPECT_INT(devices.n, 0);

    text[MFA_DEVICE_ENTRY - 1] = 'Q';
    mfa_devices_parse(exact(text), &devices);
    EXPECT_INT(devices.n, 1);
}


TEST(more_than_the_limit_is_left_out)
{
    mfa_devices_parse(exact(ENTRY("A") "." ENTRY("B") "." ENTRY("C") "."
                            ENTRY("D") "." ENTRY("E")), &devices);

    EXPECT_INT(devices.n, MFA_DEVICE_ENTRIES);
    EXPECT_INT(devices.entries[3].lane[0], 3 << 2);
}


TEST(what_seals_are_over_is_unambiguous)
{
    size_t         a, b;
    unsigned char  lane[MFA_DEVICE_LANE], tag[8];
    unsigned char  one[MFA_DEVICE_TEXT], two[MFA_DEVICE_TEXT];

    memset(lane, 7, sizeof(lane));
    memset(tag, 9, sizeof(tag));

    a = mfa_device_text(lane, tag, exact("acme"), exact("alice"), one);
    EXPECT_INT(a, 12 + 8 + 2 + 9);
    EXPECT_MEM(one, "\7\7\7\7\7\7\7\7\7\7\7\7\11\11\11\11\11\11\11\11\4\0"
               "acmealice", 31);

    b = mfa_device_text(lane, tag, exact("acmeal"), exact("ice"), two);
    EXPECT_INT(b, a);
    EXPECT(memcmp(one, two, a) != 0);

    b = mfa_device_text(lane, tag, exact(""), exact("acmealice"), two);
    EXPECT(memcmp(one, two, a) != 0);

    tag[7] = 8;
    b = mfa_device_text(lane, tag, exact("acme"), exact("alice"), two);
    EXPECT(memcmp(one, two, a) != 0);
}


TEST(what_seals_are_over_is_bounded)
{
    char           name[MFA_DEVICE_TEXT];
    postern_str_t  org, user;
    unsigned char  lane[MFA_DEVICE_LANE], tag[8], out[MFA_DEVICE_TEXT];

    memset(lane, 0, sizeof(lane));
    memset(tag, 0, sizeof(tag));
    memset(name, 'a', sizeof(name));

    org = exact_slice(name, 128);
    user = exact_slice(name, 128);
    EXPECT_INT(mfa_device_text(lane, tag, org, user, out), 22 + 256);

    user = exact_slice(name, MFA_DEVICE_TEXT - 22 - 128);
    EXPECT_INT(mfa_device_text(lane, tag, org, user, out), MFA_DEVICE_TEXT);

    user = exact_slice(name, MFA_DEVICE_TEXT - 22 - 127);
    EXPECT_INT(mfa_device_text(lane, tag, org, user, out), 0);

    org.len = (size_t) -1;
    EXPECT_INT(mfa_device_text(lane, tag, org, user, out), 0);

    org.len = 0;
    user.len = (size_t) -1;
    EXPECT_INT(mfa_device_text(lane, tag, org, user, out), 0);
}


UNIT_MAIN()
