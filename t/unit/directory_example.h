
/* A document with a member of every kind. */


#ifndef _DIRECTORY_EXAMPLE_H_INCLUDED_
#define _DIRECTORY_EXAMPLE_H_INCLUDED_


#include "directory.h"


#define RECOVERY  "$argon2id$v=19$m=8,t=1,p=1$ZKEffRPnLU+QdPL2xogLGA$"

static const char  example[] =
    "{'version':1,'organizations':{\n"
    " 'acme': {\n"
    "  'users': {\n"
    "   'alice': {'name':'Alice Doe','email':'alice@acme.example',\n"
    "    'status':'active','roles':['operator','viewer'],\n"
    "    'password':'$argon2id$v=19$m=8,t=1,p=1$ZKEffRPnLU+QdPL2xogLGA"
    "$rQoPZZGyGFZcmGjSy7Kdo8O0n7sh3uCxhrZW7hU5060',\n"
    "    'factors':{'totp':[{'secret':'sealed:mk-1:QUFBQUFBQUFBQUFBQUFBQUFB"
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB'},\n"
    "     {'secret':'base64:MDEyMzQ1Njc4OWFiY2RlZg==','name':'Téléphone',\n"
    "      'algorithm':'sha512','digits':8,'period':60}],\n"
    "     'hotp':[{'secret':'sealed:mk-2:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFB','digits':8,\n"
    "      'algorithm':'sha256','counter':9007199254740991}],\n"
    "     'recovery':['" RECOVERY "rQoPZZGyGFZcmGjSy7Kdow',\n"
    "      '" RECOVERY "rQoPZZGyGFZcmGjSy7Kdog']}},\n"
    "   'bob': {'status':'disabled'}\n"
    "  },\n"
    "  'keys': {\n"
    "   'AK1': {'user':'alice','algorithm':'hmac-sha256',\n"
    "    'secret':'base64:MDEyMzQ1Njc4OWFiY2RlZg=='},\n"
    "   'robot-7': {'roles':['viewer'],'algorithm':'ed25519',\n"
    "    'public_key':'" ED25519 "','not_before':'2026-01-01T00:00:00Z',\n"
    "    'not_after':'2027-01-01T00:00:00Z',\n"
    "    'networks':['10.0.0.0/8','2001:db8::/32','192.0.2.1']},\n"
    "   'robot-8': {'roles':[],'algorithm':'ecdsa-p256-sha256',\n"
    "    'public_key':'" P256 "','status':'disabled'}\n"
    "  },\n"
    "  'permissions': {'read':['GET','HEAD'],'all':['*']},\n"
    "  'resources': {'devices':['/api/devices','/api/devices/**'],\n"
    "   'one':['/api/*/one','/','/a/','/**','/.well-known','/...',\n"
    "    '/a.b/é']},\n"
    "  'roles': {\n"
    "   'operator': {'inherits':['viewer'],'grants':[['all','one']]},\n"
    "   'viewer': {'grants':[['read','devices'],['read','one']]},\n"
    "   'none': {}\n"
    "  }\n"
    " },\n"
    " 'other': {'users':{'alice':{}},\n"
    "  'keys':{'AK2':{'user':'alice','algorithm':'hmac-sha256',\n"
    "   'secret':'plain:0123456789abcdef'}}}\n"
    "}}";


#endif /* _DIRECTORY_EXAMPLE_H_INCLUDED_ */
