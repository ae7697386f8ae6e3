/* link:
   ngx_http_postern_module/postern_directory*.c
   ngx_http_postern_module/postern_argon2.c
   ngx_http_postern_module/postern_json.c
   ngx_http_postern_module/postern_jwk.c
   ngx_http_postern_module/postern_arena.c
   ngx_http_postern_module/postern_alg.c
   ngx_http_postern_module/postern_name.c
   ngx_http_postern_module/postern_network.c
   ngx_http_postern_module/postern_seal.c
   -ljansson -lsodium -lcrypto */

/* One test for each kind of fault: what is said of it, and where. */

#include "directory.h"


static void
fault(const char *json, unsigned line, unsigned column, const char *path,
    const char *text, int at)
{
    postern_error_t       err;
    postern_directory_t  *dir;

    memset(&err, 0xff, sizeof(err));
    dir = parse(json, &err);

    if (!unit_expect(dir == NULL, json, __FILE__, at)) {
        postern_directory_destroy(dir);
        return;
    }

    unit_expect_str(slice(err.text), text, "text", __FILE__, at);
    unit_expect_str(slice(err.path), path, "path", __FILE__, at);
    unit_expect_int(err.line, line, "line", __FILE__, at);
    unit_expect_int(err.column, column, "column", __FILE__, at);
}


#define FAULT(json, line, column, path, text)                                 \
    fault(json, line, column, path, text, __LINE__)

#define ACME  "organizations.acme."


TEST(the_document)
{
    FAULT("[]", 1, 1, "", "the document must be an object");
    FAULT("{}", 1, 1, "", "the member \"version\" is missing");
    FAULT("{'version':1}", 1, 1, "",
          "the member \"organizations\" is missing");
    FAULT("{'version':2,'organizations':{},'new':1}", 1, 12, "version",
          "must be 1, the only version there is");
    FAULT("{'version':'1','organizations':{}}", 1, 12, "version",
          "must be a whole number");
    FAULT("{'version':1.0,'organizations':{}}", 1, 12, "version",
          "must be a whole number");
    FAULT("{'version':1,'organizations':[]}", 1, 30, "organizations",
          "must be an object");
    FAULT("{'version':1,'organizations':{},\n 'organisations':{}}", 2, 2,
          "organisations",
          "unknown member \"organisations\", did you mean \"organizations\"?");
    FAULT("{'version':1,\n'version':1}", 2, 1, "",
          "the member \"version\" stands here a second time");
    FAULT("{'version':1,'organizations':{'acme':[]}}", 1, 38,
          "organizations.acme", "must be an object");
    FAULT("{'version':1,", 1, 14, "", "the document ends too early");
}


TEST(unknown_members_anywhere)
{
    FAULT(ORG("'user':{}"), 2, 1, ACME "user",
          "unknown member \"user\", did you mean \"users\"?");
    FAULT(ORG("'Users':{}"), 2, 1, ACME "Users",
          "unknown member \"Users\", did you mean \"users\"?");
    FAULT(ORG("'kesy':{}"), 2, 1, ACME "kesy",
          "unknown member \"kesy\", did you mean \"keys\"?");
    FAULT(ORG("'comment':''"), 2, 1, ACME "comment",
          "unknown member \"comment\"");
    FAULT(ORG("'users':{'al':{'mail':''}}"), 2, 16, ACME "users.al.mail",
          "unknown member \"mail\", did you mean \"email\"?");
    FAULT(ORG("'users':{'al':{'factors':{'otps':[]}}}"), 2, 27,
          ACME "users.al.factors.otps", "unknown member \"otps\"");
    FAULT(ORG("'users':{'al':{'factors':{'toptp':[]}}}"), 2, 27,
          ACME "users.al.factors.toptp",
          "unknown member \"toptp\", did you mean \"totp\"?");
    FAULT(ORG("'users':{'al':{'factors':{'totp':[{'seed':''}]}}}"), 2, 36,
          ACME "users.al.factors.totp[0].seed", "unknown member \"seed\"");
    FAULT(ORG("'roles':{'op':{'grantz':[]}}"), 2, 16, ACME "roles.op.grantz",
          "unknown member \"grantz\", did you mean \"grants\"?");
    FAULT(ORG("'keys':{'AK 1':{'expires':''}}"), 2, 17,
          ACME "keys[\"AK 1\"].expires", "unknown member \"expires\"");
    FAULT(ORG("'keys':{'k':{'notafter':''}}"), 2, 14, ACME "keys.k.notafter",
          "unknown member \"notafter\", did you mean \"not_after\"?");
}


TEST(names)
{
    FAULT("{'version':1,'organizations':{'':{}}}", 1, 31,
          "organizations[\"\"]", "a name must not be empty");
    FAULT("{'version':1,'organizations':{'a{b':{}}}", 1, 31,
          "organizations[\"a{b\"]", "the name of an organization must not "
          "hold \"{\", \"}\" or \"/\"");
    FAULT("{'version':1,'organizations':{'a/b':{}}}", 1, 31,
          "organizations[\"a/b\"]", "the name of an organization must not "
          "hold \"{\", \"}\" or \"/\"");
    FAULT(ORG("'users':{'a\\nb':{}}"), 2, 10, ACME "users[\"a\\u000ab\"]",
          "the name holds a control character");
    FAULT(ORG("'users':{'a\x7f""b':{}}"), 2, 10, ACME "users[\"a\\u007fb\"]",
          "the name holds a control character");
    FAULT(ORG("'users':{'a\\u009bb':{}}"), 2, 10,
          ACME "users[\"a\\u009bb\"]", "the name holds a control character");
    FAULT(ORG("'roles':{'a,b':{}}"), 2, 10, ACME "roles[\"a,b\"]",
          "the name of a role must not hold a comma, which parts the roles of "
          "a subject");
    FAULT(ORG("'permissions':{'':['GET']}"), 2, 16, ACME "permissions[\"\"]",
          "a name must not be empty");
    FAULT(ORG("'resources':{'':['/']}"), 2, 14, ACME "resources[\"\"]",
          "a name must not be empty");
    FAULT(ORG("'keys':{'':{}}"), 2, 9, ACME "keys[\"\"]",
          "a name must not be empty");
}


TEST(a_long_name)
{
    char             json[512], name[POSTERN_NAME_MAX + 2];
    postern_error_t  err;
    postern_directory_t  *dir;

    memset(name, 'n', sizeof(name));
    name[POSTERN_NAME_MAX] = '\0';
    snprintf(json, sizeof(json), ORG("'users':{'%s':{}}"), name);

    dir = parse(json, &err);
    EXPECT(dir != NULL);
    postern_directory_destroy(dir);

    name[POSTERN_NAME_MAX] = 'n';
    name[POSTERN_NAME_MAX + 1] = '\0';
    snprintf(json, sizeof(json), ORG("'users':{'%s':{}}"), name);

    EXPECT(parse(json, &err) == NULL);
    EXPECT_STR(slice(err.text), "the name is longer than 128 bytes");
    EXPECT_INT(err.line, 2);
    EXPECT_INT(err.column, 10);
}


TEST(users)
{
    FAULT(ORG("'users':{'al':1}"), 2, 15, ACME "users.al",
          "must be an object");
    FAULT(ORG("'users':{'al':{'name':''}}"), 2, 23, ACME "users.al.name",
          "must not be empty");
    FAULT(ORG("'users':{'al':{'name':'a\\tb'}}"), 2, 23, ACME "users.al.name",
          "holds a control character");
    FAULT(ORG("'users':{'al':{'status':'off'}}"), 2, 25,
          ACME "users.al.status", "must be \"active\" or \"disabled\"");
    FAULT(ORG("'users':{'al':{'status':true}}"), 2, 25,
          ACME "users.al.status", "must be a string");
    FAULT(ORG("'users':{'al':{'email':'al'}}"), 2, 24, ACME "users.al.email",
          "must be one address: somebody@example.com");
    FAULT(ORG("'users':{'al':{'email':'a@b,c@d'}}"), 2, 24,
          ACME "users.al.email", "must be one address: somebody@example.com");
    FAULT(ORG("'roles':{'viewer':{}},\n'users':{'al':{'roles':['viewr']}}"),
          3, 25, ACME "users.al.roles[0]",
          "there is no role \"viewr\" in this organization, did you mean "
          "\"viewer\"?");
    FAULT(ORG("'users':{'al':{'roles':[1]}}"), 2, 25,
          ACME "users.al.roles[0]", "must be a string");
    FAULT(ORG("'users':{'al':{'roles':'viewer'}}"), 2, 24,
          ACME "users.al.roles", "must be an array");
    FAULT(ORG("'users':{'al':{'password':'hunter2'}}"), 2, 27,
          ACME "users.al.password", "must be an Argon2id hash "
          "(\"$argon2id$...\"), never the password itself");
    FAULT(ORG("'users':{'al':{'password':'$argon2i$v=19$m=8,t=1,p=1$a$b'}}"),
          2, 27, ACME "users.al.password", "must be an Argon2id hash "
          "(\"$argon2id$...\"), never the password itself");
    FAULT(ORG("'users':{'al':{'password':'$argon2id$v=19$m=4294967295,t=1,"
              "p=1$ZKEffRPnLU+QdPL2xogLGA$rQoPZZGyGFZcmGjSy7Kdow'}}"),
          2, 27, ACME "users.al.password", "costs more than is ever spent on "
          "a sign-in: m up to 1048576, t up to 16");
    FAULT(ORG("'users':{'al':{'password':'$argon2id$v=19$m=8,t=1'}}"), 2, 27,
          ACME "users.al.password", "is not a whole Argon2id hash: "
          "$argon2id$v=19$m=...,t=...,p=...$salt$hash");
}


TEST(factors)
{
    FAULT(ORG("'users':{'al':{'factors':[]}}"), 2, 26, ACME "users.al.factors",
          "must be an object");
    FAULT(ORG("'users':{'al':{'factors':{'totp':{}}}}"), 2, 34,
          ACME "users.al.factors.totp", "must be an array");
    FAULT(ORG("'users':{'al':{'factors':{'totp':['x']}}}"), 2, 35,
          ACME "users.al.factors.totp[0]", "must be an object");
    FAULT(ORG("'users':{'al':{'factors':{'totp':[{}]}}}"), 2, 35,
          ACME "users.al.factors.totp[0]", "the member \"secret\" is missing");
    FAULT(ORG("'users':{'al':{'factors':{'totp':[{'secret':'JBSW'}]}}}"), 2,
          45, ACME "users.al.factors.totp[0].secret", "a secret must be "
          "\"sealed:\", \"plain:\" or \"base64:\" and 1 to 512 bytes behind "
          "it");
    FAULT(ORG("'users':{'al':{'factors':{'totp':[{'secret':'plain:JBSW'}]}}}"),
          2, 45, ACME "users.al.factors.totp[0].secret",
          "a secret must have at least 16 bytes");
    FAULT(ORG("'users':{'al':{'factors':{'totp':[{},{},{},{},{},{},{},{},{}"
              "]}}}"), 2, 34,
          ACME "users.al.factors.totp", "holds more than 8 authenticators");
    FAULT(ORG("'users':{'al':{'factors':{'hotp':[{},{},{},{},{},{},{},{},{}"
              "]}}}"), 2, 34,
          ACME "users.al.factors.hotp", "holds more than 8 authenticators");
}


/* an authenticator begins on line 3, its members in column 36 */

#define OTP(kind, members)                                                    \
    ORG("'users':{'al':{'factors':{'" kind "':[\n"                            \
        "{'secret':'plain:0123456789abcdef'," members "}]}}}")

#define AL  ACME "users.al.factors."


TEST(how_codes_are_made)
{
    FAULT(OTP("totp", "'digits':7"), 3, 45, AL "totp[0].digits",
          "must be 6 or 8");
    FAULT(OTP("hotp", "'digits':'6'"), 3, 45, AL "hotp[0].digits",
          "must be a whole number");
    FAULT(OTP("totp", "'digits':-6"), 3, 45, AL "totp[0].digits",
          "must be 6 or 8");
    FAULT(OTP("totp", "'digits':4294967302"), 3, 45, AL "totp[0].digits",
          "must be 6 or 8");
    FAULT(OTP("totp", "'algorithm':'SHA1'"), 3, 48, AL "totp[0].algorithm",
          "must be \"sha1\", \"sha256\" or \"sha512\"");
    FAULT(OTP("hotp", "'algorithm':'md5'"), 3, 48, AL "hotp[0].algorithm",
          "must be \"sha1\", \"sha256\" or \"sha512\"");
    FAULT(OTP("totp", "'algorithm':1"), 3, 48, AL "totp[0].algorithm",
          "must be a string");
    FAULT(OTP("totp", "'period':14"), 3, 45, AL "totp[0].period",
          "must be 15 to 120 seconds");
    FAULT(OTP("totp", "'period':121"), 3, 45, AL "totp[0].period",
          "must be 15 to 120 seconds");
    FAULT(OTP("totp", "'period':0"), 3, 45, AL "totp[0].period",
          "must be 15 to 120 seconds");
    FAULT(OTP("totp", "'period':30.0"), 3, 45, AL "totp[0].period",
          "must be a whole number");
    FAULT(OTP("totp", "'counter':1"), 3, 36, AL "totp[0].counter",
          "unknown member \"counter\"");
    FAULT(OTP("hotp", "'period':30"), 3, 36, AL "hotp[0].period",
          "unknown member \"period\"");
    FAULT(OTP("hotp", "'counter':-1"), 3, 46, AL "hotp[0].counter",
          "must be 0 to 9007199254740991");
    FAULT(OTP("hotp", "'counter':9007199254740992"), 3, 46,
          AL "hotp[0].counter", "must be 0 to 9007199254740991");
    FAULT(OTP("totp", "'name':''"), 3, 43, AL "totp[0].name",
          "must not be empty");
    FAULT(OTP("totp", "'name':'a\\u0007'"), 3, 43, AL "totp[0].name",
          "holds a control character");
    FAULT(ORG("'users':{'al':{'factors':{'hotp':[{'counter':1}]}}}"), 2, 35,
          AL "hotp[0]", "the member \"secret\" is missing");
}


#define SALT   "ZKEffRPnLU+QdPL2xogLGA"
#define HASH   "rQoPZZGyGFZcmGjSy7Kdo8O0n7sh3uCxhrZW7hU5060"
#define COST   "$argon2id$v=19$m=8,t=1,p=1$"

#define CODES(list)                                                           \
    ORG("'users':{'al':{'factors':{'recovery':[\n" list "]}}}")

#define UNFIT                                                                 \
    "cannot be verified: a recovery code is hashed with 16 bytes of salt, "   \
    "p=1, t up to 16 and m up to 1048576"


TEST(recovery_codes)
{
    FAULT(ORG("'users':{'al':{'factors':{'recovery':{}}}}"), 2, 38,
          AL "recovery", "must be an array");
    FAULT(CODES("1"), 3, 1, AL "recovery[0]", "must be a string");
    FAULT(CODES("''"), 3, 1, AL "recovery[0]", "must not be empty");
    FAULT(CODES("'ABCD-EFGH-IJKL-MNOP'"), 3, 1, AL "recovery[0]",
          "must be an Argon2id hash (\"$argon2id$v=19$...\"), as \"postern "
          "recovery\" prints it, never the code itself");
    FAULT(CODES("'" COST SALT "$" HASH "',\n'" COST SALT "$" HASH "$'"), 4, 1,
          AL "recovery[1]", "must be an Argon2id hash "
          "(\"$argon2id$v=19$...\"), as \"postern recovery\" prints it, "
          "never the code itself");
    FAULT(CODES("'" COST SALT "$" HASH "',\n'" COST "AAA" SALT "$" HASH "'"),
          4, 1, AL "recovery[1]", "must be an Argon2id hash "
          "(\"$argon2id$v=19$...\"), as \"postern recovery\" prints it, "
          "never the code itself");
    FAULT(CODES("'" COST SALT "$" HASH "',\n'" COST
                "aKEffRPnLU+QdPL2xogLGA$" HASH "'"), 4, 1, AL "recovery[1]",
          "is not of one set with the first: salt and cost of all must be "
          "the same (\"postern recovery\" makes a set)");
    FAULT(CODES("'" COST SALT "$" HASH "',\n"
                "'$argon2id$v=19$m=8,t=2,p=1$" SALT "$" HASH "'"), 4, 1,
          AL "recovery[1]", "is not of one set with the first: salt and cost "
          "of all must be the same (\"postern recovery\" makes a set)");
    FAULT(CODES("'" COST SALT "$" HASH "',\n'" COST SALT "$" SALT "'"), 4, 1,
          AL "recovery[1]", "is not of one set with the first: salt and cost "
          "of all must be the same (\"postern recovery\" makes a set)");
    FAULT(CODES("'$argon2id$v=19$m=16,t=1,p=2$" SALT "$" HASH "'"), 3, 1,
          AL "recovery[0]", UNFIT);
    FAULT(CODES("'$argon2id$v=19$m=1048577,t=1,p=1$" SALT "$" HASH "'"), 3, 1,
          AL "recovery[0]", UNFIT);
    FAULT(CODES("'$argon2id$v=19$m=8,t=17,p=1$" SALT "$" HASH "'"), 3, 1,
          AL "recovery[0]", UNFIT);
    FAULT(CODES("'" COST "ZKEffRPnLU8$" HASH "'"), 3, 1, AL "recovery[0]",
          UNFIT);
    FAULT(CODES("'1','2','3','4','5','6','7','8','9','10','11','12','13',"
                "'14','15','16','17'"), 2, 38, AL "recovery",
          "holds more than 16 recovery codes");
}


TEST(permissions_and_resources)
{
    FAULT(ORG("'permissions':{'r':'GET'}"), 2, 20, ACME "permissions.r",
          "must be an array");
    FAULT(ORG("'permissions':{'r':[]}"), 2, 20, ACME "permissions.r",
          "must name at least one method");
    FAULT(ORG("'permissions':{'r':['GET','']}"), 2, 27,
          ACME "permissions.r[1]", "must not be empty");
    FAULT(ORG("'permissions':{'r':['GE T']}"), 2, 21, ACME "permissions.r[0]",
          "a method has letters, digits and !#$%&'*+-.^_`|~ only");
    FAULT(ORG("'permissions':{'r':['get']}"), 2, 21, ACME "permissions.r[0]",
          "methods are case-sensitive: write it in capitals");
    FAULT(ORG("'permissions':{'r':[['GET']]}"), 2, 21,
          ACME "permissions.r[0]", "must be a string");
    FAULT(ORG("'permissions':[]"), 2, 15, ACME "permissions",
          "must be an object");
    FAULT(ORG("'resources':{'d':[]}"), 2, 18, ACME "resources.d",
          "must name at least one pattern");
    FAULT(ORG("'resources':{'d':['api']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must begin with \"/\"");
    FAULT(ORG("'resources':{'d':['/a','/a//b']}"), 2, 24,
          ACME "resources.d[1]", "a pattern must not hold \"//\"");
    FAULT(ORG("'resources':{'d':['//']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must not hold \"//\"");
    FAULT(ORG("'resources':{'d':['/a/../b']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must not hold the segments \".\" and \"..\"");
    FAULT(ORG("'resources':{'d':['/.']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must not hold the segments \".\" and \"..\"");
    FAULT(ORG("'resources':{'d':['/**/a']}"), 2, 19, ACME "resources.d[0]",
          "\"**\" may stand for the last segments only");
    FAULT(ORG("'resources':{'d':['/**/']}"), 2, 19, ACME "resources.d[0]",
          "\"**\" may stand for the last segments only");
    FAULT(ORG("'resources':{'d':['/a*']}"), 2, 19, ACME "resources.d[0]",
          "\"*\" stands for a whole segment only");
    FAULT(ORG("'resources':{'d':['/***']}"), 2, 19, ACME "resources.d[0]",
          "\"*\" stands for a whole segment only");
    FAULT(ORG("'resources':{'d':['/a?b']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must not hold \"?\" or \"#\", it matches the path alone");
    FAULT(ORG("'resources':{'d':['/a#b']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must not hold \"?\" or \"#\", it matches the path alone");
    FAULT(ORG("'resources':{'d':['/a%20b']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must not hold \"%\", it matches the decoded path");
    FAULT(ORG("'resources':{'d':['/a\\nb']}"), 2, 19, ACME "resources.d[0]",
          "a pattern must not hold control characters");
}


TEST(roles)
{
    FAULT(ORG("'roles':{'op':[]}"), 2, 15, ACME "roles.op",
          "must be an object");
    FAULT(ORG("'roles':{'op':{'grants':{}}}"), 2, 25, ACME "roles.op.grants",
          "must be an array");
    FAULT(ORG("'roles':{'op':{'grants':[['read']]}}"), 2, 26,
          ACME "roles.op.grants[0]", "a grant must be [permission, resource]");
    FAULT(ORG("'roles':{'op':{'grants':['read']}}"), 2, 26,
          ACME "roles.op.grants[0]", "a grant must be [permission, resource]");
    FAULT(ORG("'roles':{'op':{'grants':[['read','x']]}}"), 2, 27,
          ACME "roles.op.grants[0][0]",
          "there is no permission \"read\" in this organization");
    FAULT(ORG("'permissions':{'read':['GET']},'resources':{'devices':['/']},\n"
              "'roles':{'op':{'grants':[['read','device']]}}"), 3, 34,
          ACME "roles.op.grants[0][1]", "there is no resource \"device\" in "
          "this organization, did you mean \"devices\"?");
    FAULT(ORG("'roles':{'op':{'inherits':['nobody']}}"), 2, 28,
          ACME "roles.op.inherits[0]",
          "there is no role \"nobody\" in this organization");
    FAULT(ORG("'roles':{'op':{'inherits':['op']}}"), 2, 28,
          ACME "roles.op.inherits[0]", "the role \"op\" inherits itself");
    FAULT(ORG("'roles':{'a':{'inherits':['b']},\n'b':{'inherits':['c']},\n"
              "'c':{'inherits':['a']}}"), 4, 18, ACME "roles.c.inherits[0]",
          "the role \"a\" inherits itself");
    FAULT("{'version':1,'organizations':{'a':{'roles':{'viewer':{}}},\n"
          "'b':{'roles':{'op':{'inherits':['viewer']}}}}}", 2, 33,
          "organizations.b.roles.op.inherits[0]",
          "there is no role \"viewer\" in this organization");
}


/* a chain of n roles, r0 on top; line of r_i is 2 + i, or backwards */

static char *
chain(char *json, int n, int backwards)
{
    int    i, k;
    char  *p;

    p = json + sprintf(json, "{'version':1,'organizations':{'acme':{'roles':{");

    for (k = 0; k < n; k++) {
        i = backwards ? n - 1 - k : k;
        p += sprintf(p, "%s\n'r%d':{", k ? "," : "", i);
        p += i < n - 1 ? sprintf(p, "'inherits':['r%d']}", i + 1)
                       : sprintf(p, "}");
    }

    strcpy(p, "}}}}");

    return json;
}


TEST(inheritance_has_a_depth)
{
    int                   n, backwards;
    char                  json[256 * 40];
    postern_error_t       err;
    postern_directory_t  *dir;

    for (backwards = 0; backwards < 2; backwards++) {

        dir = parse(chain(json, POSTERN_INHERIT_MAX + 1, backwards), &err);
        EXPECT(dir != NULL);
        postern_directory_destroy(dir);

        for (n = POSTERN_INHERIT_MAX + 2; n < 256; n++) {
            EXPECT(parse(chain(json, n, backwards), &err) == NULL);
            EXPECT_STR(slice(err.text),
                       "roles inherit more than 32 steps deep");
        }
    }
}


#define HMAC  "'algorithm':'hmac-sha256','secret':'plain:0123456789abcdef'"


TEST(keys)
{
    FAULT(ORG("'keys':{'k':1}"), 2, 13, ACME "keys.k", "must be an object");
    FAULT(ORG("'keys':{'k':{" HMAC "}}"), 2, 13, ACME "keys.k",
          "a key must have \"user\" or \"roles\"");
    FAULT(ORG("'users':{'al':{}},\n'keys':{'k':{'user':'al','roles':[]," HMAC
              "}}"), 3, 26, ACME "keys.k.roles", "a key has either \"user\" "
          "or \"roles\", since the roles of a user are the user's");
    FAULT(ORG("'users':{'alice':{}},\n'keys':{'k':{'user':'alcie'," HMAC
              "}}"), 3, 21, ACME "keys.k.user", "there is no user \"alcie\" "
          "in this organization, did you mean \"alice\"?");
    FAULT(ORG("'keys':{'k':{'roles':['op']," HMAC "}}"), 2, 23,
          ACME "keys.k.roles[0]",
          "there is no role \"op\" in this organization");
    FAULT(ORG("'users':{'al':{}},\n'keys':{'al':{'roles':[]," HMAC "}}"), 3,
          9, ACME "keys.al",
          "a key with roles of its own must not be named like a user");
    FAULT("{'version':1,'organizations':{'a':{'keys':{'k':{'roles':[]," HMAC
          "}}},\n'b':{'keys':{'k':{'roles':[]," HMAC "}}}}}", 2, 14,
          "organizations.b.keys.k",
          "the organization \"a\" has a key of this id already");
    FAULT(ORG("'keys':{'k':{'roles':[],'status':'revoked'," HMAC "}}"), 2, 34,
          ACME "keys.k.status", "must be \"active\" or \"disabled\"");
}


TEST(algorithms)
{
    FAULT(ORG("'keys':{'k':{'roles':[]}}"), 2, 13, ACME "keys.k",
          "the member \"algorithm\" is missing");
    FAULT(ORG("'keys':{'k':{'roles':[],'algorithm':'hmac-sha1'}}"), 2, 37,
          ACME "keys.k.algorithm", "unknown algorithm \"hmac-sha1\", did you "
          "mean \"hmac-sha512\"?");
    FAULT(ORG("'keys':{'k':{'roles':[],'algorithm':'rsa'}}"), 2, 37,
          ACME "keys.k.algorithm", "unknown algorithm \"rsa\", known are "
          "hmac-sha256, -sha384 and -sha512, ed25519, ecdsa-p256-sha256, "
          "ecdsa-p384-sha384, rsa-pss-sha512, rsa-v1_5-sha256, ssh, ssh-ca, "
          "x509 and x509-ca");
    FAULT(ORG("'keys':{'k':{'roles':[],'algorithm':'hmac-sha256'}}"), 2, 13,
          ACME "keys.k",
          "a key of the algorithm \"hmac-sha256\" must have \"secret\"");
    FAULT(ORG("'keys':{'k':{'roles':[],'algorithm':'ed25519'}}"), 2, 13,
          ACME "keys.k",
          "a key of the algorithm \"ed25519\" must have \"public_key\"");
    FAULT(ORG("'keys':{'k':{'roles':[],'algorithm':'ed25519','secret':'x'}}"),
          2, 47, ACME "keys.k.secret",
          "a key of the algorithm \"ed25519\" has \"public_key\" instead");
    FAULT(ORG("'keys':{'k':{'roles':[],'public_key':'x'," HMAC "}}"), 2, 25,
          ACME "keys.k.public_key",
          "a key of the algorithm \"hmac-sha256\" has \"secret\" instead");
}


#define SECRET(s)                                                             \
    ORG("'keys':{'k':{'roles':[],'algorithm':'hmac-sha256','secret':\n'" s    \
        "'}}")

TEST(secrets)
{
    const char  *form = "a secret must be \"sealed:\", \"plain:\" or "
                        "\"base64:\" and 1 to 512 bytes behind it";
    const char  *size = "a secret must have at least 16 bytes";

    FAULT(SECRET(""), 3, 1, ACME "keys.k.secret", "must not be empty");
    FAULT(SECRET("0123456789abcdef"), 3, 1, ACME "keys.k.secret", form);
    FAULT(SECRET("plain:0123456789abcde"), 3, 1, ACME "keys.k.secret", size);
    FAULT(SECRET("base64:c2VjcmV0"), 3, 1, ACME "keys.k.secret", size);
    FAULT(SECRET("base64:c2VjcmV0c2VjcmV0c2VjcmV0c2Vj!"), 3, 1,
          ACME "keys.k.secret", form);
    FAULT(SECRET("sealed:mk-1"), 3, 1, ACME "keys.k.secret", form);
    FAULT(SECRET("sealed:mk-1:AAAA"), 3, 1, ACME "keys.k.secret", form);
    FAULT(SECRET("sealed:m k:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
                 "QUFBQUFBQUFBQUFBQUFBQUFBQUFB"), 3, 1, ACME "keys.k.secret",
          form);
}


TEST(a_secret_is_never_told)
{
    const char       *start, *c;
    postern_error_t   err;

    static const char *const  broken[] = {
        "plain:hunter2", "hunter2hunter2hunter2", "base64:hunter2",
        "plain:hunter2hunter2\", x", NULL
    };

    char  json[512];
    int   i;

    for (i = 0; broken[i]; i++) {
        snprintf(json, sizeof(json), SECRET("%s"), broken[i]);
        EXPECT(parse(json, &err) == NULL);
        EXPECT(strstr(err.text, "hunter2") == NULL);
        EXPECT(strstr(err.path, "hunter2") == NULL);
    }

    /* neither by a fault of syntax right behind or inside of it */

    snprintf(json, sizeof(json), SECRET("plain:hunter2hunter2"));
    start = strstr(json, "'plain");

    for (c = start; *c; c++) {
        json[c - json] = '\n';
        (void) parse(json, &err);
        EXPECT(strstr(err.text, "hunter2") == NULL);
        snprintf(json, sizeof(json), SECRET("plain:hunter2hunter2"));
    }
}


#define PUBLIC(alg, key)                                                      \
    ORG("'keys':{'k':{'roles':[],'algorithm':'" alg "','public_key':\n'" key  \
        "'}}")

#define PEM(what, body)                                                       \
    "-----BEGIN " what "-----\\n" body "\\n-----END " what "-----\\n"

TEST(public_keys)
{
    const char  *path = ACME "keys.k.public_key";

    FAULT(PUBLIC("ed25519", "no base64!"), 3, 1, path,
          "must be PEM (\"-----BEGIN PUBLIC KEY-----...\") or base64");
    FAULT(PUBLIC("ed25519", "c2VjcmV0"), 3, 1, path,
          "an Ed25519 public key has 32 bytes");
    FAULT(PUBLIC("ed25519", P256), 3, 1, path,
          "an Ed25519 public key has 32 bytes");

    /* the neutral element verifies anything */
    FAULT(PUBLIC("ed25519", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), 3,
          1, path, "is not a valid Ed25519 public key");
    FAULT(PUBLIC("ed25519", "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), 3,
          1, path, "is not a valid Ed25519 public key");

    FAULT(PUBLIC("ecdsa-p256-sha256", ED25519), 3, 1, path,
          "is not a point on the curve P-256 (65 bytes, 04 X Y)");
    FAULT(PUBLIC("ecdsa-p256-sha256",
                 "BMif/0iiyfj0oIWSjN0dMp6KLK4Ou901tBpXE2XzTWtSfAz1tZaK/b4RfjgcC"
                 "yHs5vV1ULtiFF8J1/hByGoRUyc="), 3, 1, path,
          "is not a point on the curve P-256 (65 bytes, 04 X Y)");
    FAULT(PUBLIC("ecdsa-p256-sha256", "AA=="), 3, 1, path,
          "is not a point on the curve P-256 (65 bytes, 04 X Y)");
    FAULT(PUBLIC("ecdsa-p256-sha256", PEM("PUBLIC KEY",
                 "MCowBQYDK2VwAyEAJgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQwzCg="
                 )), 3, 1, path,
          "is not a key on the curve P-256, as the algorithm says");
    FAULT(PUBLIC("ecdsa-p256-sha256", PEM("PUBLIC KEY",
                 "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJWrTjNrCX72KJTevR0cv1rAwhpj3"
                 "pcxT5kR/bdpinAwtSZN5H2oUpVZyLvACMs6OHfp1+BxANm3qeBwqmZm+GxYf"
                 "gxSo+ZXZOVyEyEW3bx+vCRFHsEWXLH5fWfV6x33f")), 3, 1, path,
          "is not a key on the curve P-256, as the algorithm says");
    FAULT(PUBLIC("ed25519", PEM("PUBLIC KEY",
                 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyJ//SKLJ+PSghZKM3R0ynoos"
                 "rg673TW0GlcTZfNNa1J8DPW1lor9vhF+OBwLIezm9XVQu2IUXwnX+EHIahFT"
                 "Jg==")), 3, 1, path,
          "is not an Ed25519 key, as the algorithm says");

    FAULT(PUBLIC("ed25519", PEM("PUBLIC KEY",
                 "MCowBQYDK2VwAyEAJgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQw")),
          3, 1, path, "is not a public key that OpenSSL understands");
    FAULT(PUBLIC("ed25519", PEM("PUBLIC KEY",
                 "MCowBQYDK2VwAyEAJgS+QBWVWwH2TRalz/OmAsG1ybQ5yViasG6LuCQwzCgA"
                 )), 3, 1, path, "has bytes behind the public key");
    FAULT(PUBLIC("ed25519", PEM("PUBLIC KEY", "no base64!")), 3, 1, path,
          "is not a valid PEM of a public key");
    FAULT(PUBLIC("ed25519", PEM("CERTIFICATE", "MCowBQYDK2Vw")), 3, 1, path,
          "must be \"-----BEGIN PUBLIC KEY-----\", as \"openssl pkey "
          "-pubout\" writes it");
    FAULT(PUBLIC("ed25519", PEM("PRIVATE KEY", "MCowBQYDK2Vw")), 3, 1, path,
          "is a private key: it belongs to the client alone, put the public "
          "key here and replace the pair");
    FAULT(ORG("'keys':{'k':{'roles':[],'algorithm':'ed25519','public_key':\n"
              "1}}"), 3, 1, path, "must be a string");
}


#define KEY(members)  ORG("'keys':{'k':{'roles':[]," HMAC ",\n" members "}}")

TEST(times)
{
    int  i;
    char json[512];

    static const char *const  wrong[] = {
        "", "2027", "2027-01-01", "2027-01-01T00:00:00", "2027-01-01T00:00Z",
        "2027-1-01T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z",
        "2027-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2027-04-31T00:00:00Z",
        "2027-01-00T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z",
        "2027-01-01T00:00:61Z", "2027-01-01T00:00:00.Z",
        "2027-01-01T00:00:00,5Z", "2027-01-01T00:00:00+1:00",
        "2027-01-01T00:00:00+24:00", "2027-01-01T00:00:00+01:60",
        "2027-01-01T00:00:00+0100", "2027-01-01T00:00:00ZZ",
        "2027-01-01 00:00:00Z", "+2027-01-01T00:00:00Z",
        "2027-01-01T00:00:00.5", "-027-01-01T00:00:00Z", NULL
    };

    for (i = 0; wrong[i]; i++) {
        snprintf(json, sizeof(json), KEY("'not_after':'%s'"), wrong[i]);
        FAULT(json, 3, 13, ACME "keys.k.not_after", "must be a time like "
              "\"2027-01-01T00:00:00Z\" (RFC 3339)");
    }

    FAULT(KEY("'not_before':1234567890"), 3, 14, ACME "keys.k.not_before",
          "must be a string");
    FAULT(KEY("'not_before':'2027-01-01T01:00:00+01:00',\n"
              "'not_after':'2027-01-01T00:00:00Z'"), 4, 13,
          ACME "keys.k.not_after", "the key would never be valid: "
          "\"not_after\" is not later than \"not_before\"");
}


TEST(networks)
{
    const char  *none = "must name 1 to 1024 networks; leave it out to allow "
                        "any";

    FAULT(KEY("'networks':[]"), 3, 12, ACME "keys.k.networks", none);
    FAULT(KEY("'networks':'10.0.0.0/8'"), 3, 12, ACME "keys.k.networks",
          "must be an array");
    FAULT(KEY("'networks':['::1',\n'localhost']"), 4, 1,
          ACME "keys.k.networks[1]",
          "\"localhost\" is not an IPv4 or IPv6 address");
    FAULT(KEY("'networks':['10.0.0/8']"), 3, 13, ACME "keys.k.networks[0]",
          "\"10.0.0/8\" is not an IPv4 or IPv6 address");
    FAULT(KEY("'networks':['10.0.0.0/33']"), 3, 13, ACME "keys.k.networks[0]",
          "\"10.0.0.0/33\" has no prefix length between 0 and 32");
    FAULT(KEY("'networks':['10.0.0.0/']"), 3, 13, ACME "keys.k.networks[0]",
          "\"10.0.0.0/\" has no prefix length between 0 and 32");
    FAULT(KEY("'networks':['::/129']"), 3, 13, ACME "keys.k.networks[0]",
          "\"::/129\" has no prefix length between 0 and 128");
    FAULT(KEY("'networks':['::/-1']"), 3, 13, ACME "keys.k.networks[0]",
          "\"::/-1\" has no prefix length between 0 and 128");
    FAULT(KEY("'networks':['10.0.0.1/8']"), 3, 13, ACME "keys.k.networks[0]",
          "\"10.0.0.1/8\" has bits set behind its prefix");
    FAULT(KEY("'networks':['2001:db8::1/32']"), 3, 13,
          ACME "keys.k.networks[0]",
          "\"2001:db8::1/32\" has bits set behind its prefix");
}


TEST(too_large_a_document)
{
    postern_str_t    s = { POSTERN_DIRECTORY_MAX_SIZE + 1, (unsigned char *)
                           "" };
    postern_error_t  err;

    EXPECT(postern_directory_parse(s, &err) == NULL);
    EXPECT_STR(slice(err.text), "the document is larger than 268435456 bytes");
    EXPECT_INT(err.line, 0);
}


UNIT_MAIN()
