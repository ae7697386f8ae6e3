
/* Keys of every kind that were made for tests and open nothing, as they stand
   in documents: "\\n" for the line breaks of PEM. */


#ifndef _UNIT_DIRECTORY_KEYS_H_INCLUDED_
#define _UNIT_DIRECTORY_KEYS_H_INCLUDED_


#define RSA_SPKI                                                              \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvyeSsixL7Ga0VV2a91yaRh"      \
    "+taZ62RLHOVKlBU8fS9FAI94YbGtQKQk/WkbEXOtTAy2t8sa+MrN8hWs0ntMf+3COw"      \
    "Ov7f2Rv5mXMz7c7sANelfrbYl29GYkXggV7mDf11rpmb686ijCcgkiEQtllLpcV/BR"      \
    "E03qchyaa5c9QM+xb3tF+vD1u3Z3YDkSXRzAwfhs8dFLEY2sBQjMHPTuI15rb0wogB"      \
    "g32Bt5eYmyLqAru/Fk7/zFxA73MINW9PQvUGwhMecDtzKDwJHb9umU90D8hNyIcKR+"      \
    "L6V344s3bGfkGRVqeFGsuxax9cuMfIP3ci+nBeleCMgvhQn777J+c5hQIDAQAB"

#define RSA_PRIVATE                                                           \
    "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw"      \
    "ggSjAgEAAoIBAQC/J5KyLEvsZrRV\\nXZr3XJpGH61pnrZEsc5UqUFTx9L0UAj3hhs"      \
    "a1ApCT9aRsRc61MDLa3yxr4ys3yFa\\nzSe0x/7cI7A6/t/ZG/mZczPtzuwA16V+tt"      \
    "iXb0ZiReCBXuYN/XWumZvrzqKMJyCS\\nIRC2WUulxX8FETTepyHJprlz1Az7Fve0X"      \
    "68PW7dndgORJdHMDB+Gzx0UsRjawFCM\\nwc9O4jXmtvTCiAGDfYG3l5ibIuoCu78W"      \
    "Tv/MXEDvcwg1b09C9QbCEx5wO3MoPAkd\\nv26ZT3QPyE3IhwpH4vpXfjizdsZ+QZF"      \
    "Wp4Uay7FrH1y4x8g/dyL6cF6V4IyC+FCf\\nvvsn5zmFAgMBAAECggEAB0ab1FFQUH"      \
    "62RXuLHvg03Q9um9MRL/suldVdabF065yy\\nQq2lkXdZrp14VtJNRo17iyKbu+2pJ"      \
    "plVnS2q4bwtDLcFCbHS1mI0tW0HoHkcTYnn\\nwDN4egcfwDTVr0br7cNke9FX+HlE"      \
    "gZ4ppLZCexZaBUTHqWs2vnTRGepRK8H5/oKX\\n4bwNORmX8w4Dt8+dJvW1MAOtleE"      \
    "rqT+UCQAt9RQIVX7pYJ70SMp+pnq5qTG8TuS8\\nn8PEgdCykMwEAedFDV3wog/haP"      \
    "HhW9FUsDQIfBaquXLL/08d70DRf/qaZwvIvTtG\\nP+2aN09KHsd+ZUNbI5DwNsZWD"      \
    "Q0pGOjao02vlMNPDwKBgQDx6nSvaP6gH/HCxETd\\nuXn44bflgcOHtgMsoA4+86+6"      \
    "/ytKgay0b1xv/+83EYRQybLjT6gPx4a7zXix4UF1\\n2SEV078aV1Tz4sDCmUQdZT4"      \
    "gzYC3TBrIxBGwVK69feu8uapCdaQkW/E/pc+J+J/G\\nhSynOKHiEnWI9euV9j1IBm"      \
    "sP6wKBgQDKSJCkF5QlBBhdja2yE5yNZtyoqWBzzQVB\\n1PkLvL54fWfCUNUM9rLAp"      \
    "UztUngCz7xmhp/uXk2Adr0J1GGuCjuX2gHDqoxCCOmz\\nPvs4j4sB3WV1Hyz2TbUx"      \
    "6ityNs6JYaiNGcfJ8iplp2J7spV3mfS1+a5h5LyjLZzc\\nt70HfpPwTwKBgEecZ74"      \
    "lDnrH+gD1qI0aAokyCAXgS8k4j+f92Tm5WSO5tU7w4/bl\\noC9nS6C5hrmDe3jec5"      \
    "l4LuIZCMlfLMl95NVZQRDDGVq4nOb+B7PL7IA5VQjtdmBH\\n6hSQfMmLJOVQ8J2Lx"      \
    "XMd5GQ66RymhGV3tqgpk4IghLpuUbaqlalkfPzRAoGACmkz\\nsI5aHJGaY25AS1MB"      \
    "ErIBl1ioUy1xINNCQh1jvDXQGksou/MSfiHD1M8SyCpC6w/w\\nuUb3PC5gSlo48Mk"      \
    "sCgO5ZYWolFl7FbOfIGka4WywpReGq+KR+dCwjb9OX/m7wA9c\\nngMttW+o/O7TDI"      \
    "XK93azR+yK3OcjFKUMQI9+M7cCgYEA5zug1Tnq1opSceNPuzqO\\nMVutsp0JSLYWo"      \
    "PvjoFTfPYwRFyUYLlRBZizm9TRpOQSff/en3DW+71JzwOXMUFxX\\nIerCO1XmtneF"      \
    "JeZpCQIIVHf0B8DhHyw7AcwNtArQvhvykcPH/eQv2zYtI0TrBXgs\\nU9TyGXCnLTb"      \
    "M8jucwuda9eI=\\n-----END PRIVATE KEY-----"

#define RSA_1024                                                              \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCmHA66L/buKjBb1DlhCmS9hiBS2h"      \
    "HjJ4bh4IAus5q5S9IJJJbjXVN81mmAOtiK+mOZjgqWcgk5kmwYTgu/SW4u2DKFAuQj"      \
    "RBv+qw5+UqwZPRmHDUs0E65yyRFP6NApZq5Ajd+C6QuBgw6OpoCSs0vqG5KwFfBPXW"      \
    "JuGbrSeh9UNwIDAQAB"

#define RSA_E3                                                                \
    "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAoUpDKTfWrsFeqNPQN2oDKj"      \
    "PCynSl2TINKju4qiHHMvURoNe9k79INBmFR++px4Hevx50zLaBFwNrGbqjwjojc8t6"      \
    "R3rbU0uoKaVhcL/2TrI2Al4MbnuP0yBr7ldU4HChM2ssQXiK1CuiOwBsLPTci6LFmD"      \
    "dWeiGtH4DyvD2mzZ2uh2KfGJL9On0ZcdjY7egwrlQzTCdI8vvxOexUuxcyIGaa0qh9"      \
    "KrPFodNsw8ls0Ih7O5x9tBsf4rX0DSVaJIqnpTfZQ6dAgmFAKdcFapwDJSXsFievAM"      \
    "34wJtL0C4PwtXcRTJccAHb4h0HnoOjSSXzBwPm1Awrw7uiIp1+og3EhQIBAw=="

#define PSS_SPKI                                                              \
    "MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBANR7V4/RU8fCbXw+ZzUhQ9thGl"      \
    "VUdY1k+S9Vyp0qwGJZIh/mbTz5hfaIZ3o+z+ihXRYp1Xh9YlcsjREtFp4Ayq8qDwso"      \
    "rPUtmo29nQmw8TxH4eUS2v53bU9ePj85k6aBC4xlF/MSKziF0Kx0c9al90vf/++zAM"      \
    "FQTDgXn/+3XEynb/B9jcl21h4Tz4Rd8tZSHmK9qKS8Z3sbz//qYJakKF/lGYqqZ8l/"      \
    "PQmkC01u84Jz/wlzrBku6ecdbChpz/GVKHWV51B4KioQ8gZiUtueax5Na48nyVfLKw"      \
    "TL5L+MSvW0miWw9qQHVD/SFjnQp48nxNFCAUVWEwcTjNIZd5svS5sCAwEAAQ=="

#define PSS_PRIVATE                                                           \
    "-----BEGIN PRIVATE KEY-----\\nMIIEvAIBADALBgkqhkiG9w0BAQoEggSoMIIE"      \
    "pAIBAAKCAQEA1HtXj9FTx8JtfD5n\\nNSFD22EaVVR1jWT5L1XKnSrAYlkiH+ZtPPm"      \
    "F9ohnej7P6KFdFinVeH1iVyyNES0W\\nngDKryoPCyis9S2ajb2dCbDxPEfh5RLa/n"      \
    "dtT14+PzmTpoELjGUX8xIrOIXQrHRz\\n1qX3S9//77MAwVBMOBef/7dcTKdv8H2Ny"      \
    "XbWHhPPhF3y1lIeYr2opLxnexvP/+pg\\nlqQoX+UZiqpnyX89CaQLTW7zgnP/CXOs"      \
    "GS7p5x1sKGnP8ZUodZXnUHgqKhDyBmJS\\n255rHk1rjyfJV8srBMvkv4xK9bSaJbD"      \
    "2pAdUP9IWOdCnjyfE0UIBRVYTBxOM0hl3\\nmy9LmwIDAQABAoIBACA6+WQ6V2AEsQ"      \
    "DYomUfv6BGUW1CG3awK1AvzkUa2AXTCWcX\\nV9iY7OYheLjFUFo0J9+Vxui49DLO8"      \
    "jL5yOV8r0H0ukVyDRI/saLwcSKoMV94c96A\\nhrF0wiL4465JeIkYJ/1K1GAtkFrJ"      \
    "iYavP2b+080xlCvy1hl8qaMUilOKp7iEooFr\\nB8xGkQWq7/zH8mVq/N3yBGnKvOB"      \
    "YRpcghyREQzJ1kdxpwiFzHdNypPb0njkemxZt\\ngneyEWcYE6pivE1rFTJWWUu/kk"      \
    "wA5MOSyjFO80koIo5sOvsZUWPX392tC4nRxDM9\\n1TsxyjXqvE17kzGHT/aE78xJL"      \
    "qcLWR7kTjHlF7ECgYEA+OedqT6VV0xbI0gCMq3M\\nUgV70caQBqH51Gx2pFSwYlH5"      \
    "/HWa7Ch6FXIYHXliKP3kM5iv6G5adnoGbmvAL/in\\nXaBfOuRu9pMzvzryGpL/r/J"      \
    "GJGiJAqla4ME/0uKXM5v663A9SAOWJ6O0Z6e6ih6I\\nZAukzaZYcRAkMliKZ9TNpD"      \
    "kCgYEA2ont8p71PUzeQPXgheXkexfIDJdgnJ3FRwTP\\nH0DcOXS55LYzPQVKtBsTS"      \
    "9vjqR/TFEQfCCmD/9JO7jjuXWZQLLSFM1wSuoPAT4wt\\nZkzDLjqX21Ap4K6wPszS"      \
    "67xvWxt5nHNR71cz+itZf32Qs9q1IDC+pS5t9tZOqDa4\\nudx+tnMCgYEA9DyyZER"      \
    "Y3pS6SWB7Z6dK+qEO4sVoxlligKL9uDqx6YhvON9d6aW+\\nRhTyvNlDDN41cru8wO"      \
    "KoOeF7NhbdOzVPZXvcdjl4+NNwz5DTyGe+JbQiR8+bwdTU\\nq/501kYqACZqjWRRf"      \
    "bynNrZYa+4WCTn0s9cJHBLCbg9ctVpUVZZnQ2ECgYEAr1sb\\n1qHcMLr8X+2romVs"      \
    "p6TWfdv9xs4GHU1rkS1vSJ80BqR4is8zOT+8hRNFI1EJA2sB\\n53/AjkbH1PlTsxh"      \
    "E3wpfE24fDRBpAKt/RmXz+6VCctVpNQOXIl0iJcxHIjjypSoX\\npdA4QdYE83ri4J"      \
    "5u1gym/U47KGSgKvP12BVoi6cCgYAY7OLSpOQ2cJW8wvf2Sq/0\\nAaUUETo4Kn/Xo"      \
    "X5ADdTOSg0nmYjL5RxASkoRsgVvpZfOXA135YcVH4cJTe7K1Qnx\\nQQkhJ1x2WHjG"      \
    "Wti5gr1/AJXeqwCUmqh+M04IvBs2RWg+Uskpp9dH8O4sHzs6o5mO\\nZR/+00c09eJ"      \
    "fwGcDOds83g==\\n-----END PRIVATE KEY-----"

#define PSS_BOUND                                                             \
    "MIIBVjBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQ"      \
    "EIMA0GCWCGSAFlAwQCAQUAogMCASADggEPADCCAQoCggEBAPz+FUiSZzHLLG4CfVI+"      \
    "bGdxI5x6CI7DgH96ObueF17nyEfSZR1lLSGlwn5JuTOfm0D+a+2czzAoQ3L2/A6psh"      \
    "k73b+tH2Gqz7qOToysNbhntumtTV6WOQRc/XOPGUF166TN/+Lx77T5Zw1pdvIOXIrz"      \
    "vM2PCefq/WN0aZ4i8QsDpiKEs519BFrOGnVvYVBt+0cEBTpUbUcvZxheQmxKRVfqxP"      \
    "mh5i5wJEFI5G7SiQNJ2Z89dpUffhzlwTVqqaHBvoU9tG3mTnxQGiRaFFSp+WXYbJxZ"      \
    "3x23/4rVW4/p5q6KQ65prWl4kVxfgOZj5Q9Lt5G+i70IYKVQ4kjoxNysvC8CAwEAAQ"      \
    "=="

#define X25519_SPKI                                                           \
    "MCowBQYDK2VuAyEAkzeqO92Ndt2lge/Lk6l8BnMvdxDgFHMe3ti8AyLYOWM="

#define X25519_PRIVATE                                                        \
    "-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VuBCIEIIDZTlNj5jjNersB"      \
    "nT1R0SYHpSdbWgWZggcuTdCUAX9M\\n-----END PRIVATE KEY-----"

#define P256_SPKI                                                             \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2kHW44NBMeptaR2wYppYlTNt5DYP0q"      \
    "/QZOwnWm1pxhROBHi4+KxAeYE1xCwsvC9KeAJeL1cgvBgjS7H7L+HxYA=="

#define P256_X                                                                \
    "2kHW44NBMeptaR2wYppYlTNt5DYP0q_QZOwnWm1pxhQ"

#define P256_Y                                                                \
    "TgR4uPisQHmBNcQsLLwvSngCXi9XILwYI0ux-y_h8WA"

#define P256_PRIVATE                                                          \
    "-----BEGIN PRIVATE KEY-----\\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH"      \
    "BG0wawIBAQQgr4FmJnYm++lV7Zx6\\nk0/n0jQi/uvr8LLF26CuXbPhJ/+hRANCAAT"      \
    "aQdbjg0Ex6m1pHbBimliVM23kNg/S\\nr9Bk7CdabWnGFE4EeLj4rEB5gTXELCy8L0"      \
    "p4Al4vVyC8GCNLsfsv4fFg\\n-----END PRIVATE KEY-----"

#define P384_SPKI                                                             \
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEQcObXX2cZs5L60V/4n1+lgKSkGlBZPl9jf"      \
    "kI/KVqU14622N/XXE0IEkmCn0Y2p/RFfteof9wJ9csMYAJIIUZ0TENOwiK//cJZMvs"      \
    "wGWY4aBd5FWRtKHkSkaKTx81e2i5"

#define P384_POINT                                                            \
    "BEHDm119nGbOS+tFf+J9fpYCkpBpQWT5fY35CPylalNeOttjf11xNCBJJgp9GNqf0R"      \
    "X7XqH/cCfXLDGACSCFGdExDTsIiv/3CWTL7MBlmOGgXeRVkbSh5EpGik8fNXtouQ=="

#define P384_X                                                                \
    "QcObXX2cZs5L60V_4n1-lgKSkGlBZPl9jfkI_KVqU14622N_XXE0IEkmCn0Y2p_R"

#define P384_Y                                                                \
    "Ffteof9wJ9csMYAJIIUZ0TENOwiK__cJZMvswGWY4aBd5FWRtKHkSkaKTx81e2i5"

#define P384_PRIVATE                                                          \
    "-----BEGIN PRIVATE KEY-----\\nMIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGe"      \
    "MIGbAgEBBDAOpa4qJiRjtd69IYos\\nHYMGYx6MEljVhykzkm7YQVBxKPO7rd2S9q0"      \
    "eN78qxestx5WhZANiAARBw5tdfZxm\\nzkvrRX/ifX6WApKQaUFk+X2N+Qj8pWpTXj"      \
    "rbY39dcTQgSSYKfRjan9EV+16h/3An\\n1ywxgAkghRnRMQ07CIr/9wlky+zAZZjho"      \
    "F3kVZG0oeRKRopPHzV7aLk=\\n-----END PRIVATE KEY-----"

#define ED_RAW                                                                \
    "1TioNxYe1AoliZBUwK+GDPIgUuF189bLC/5Vgs411eE="

#define ED_SPKI                                                               \
    "MCowBQYDK2VwAyEA1TioNxYe1AoliZBUwK+GDPIgUuF189bLC/5Vgs411eE="

#define ED_PRIVATE                                                            \
    "-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEICy5sMPgciY+yylp"      \
    "6EaYrxwEnzadXdp0XqD893F9MN0J\\n-----END PRIVATE KEY-----"

#define SSH_ED25519                                                           \
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINeNf3U2LQOxB6DfJGYS3ZvnCV70PV"      \
    "wP4BkSrsHvS9Ks alice@laptop"

#define SSH_P256                                                              \
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNT"      \
    "YAAABBBL8pEx/CjwNGOV73UvIDM2gy8iQSlNr3WFc/bcd1+bl+IiyMXXyyWUjmQY8K"      \
    "5TdlxoC0WCFU0zrUKRNs/P8WaxU= alice@laptop"

#define SSH_P384                                                              \
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzOD"      \
    "QAAABhBIhqWBeN0p/1/p2ngEQqYmd4XAmZtW5T7rEHZBdF6mkS0sJsxknCDwTlYuLk"      \
    "ZDb/EBOYFTE8oDS8IOWlF519Jj6kOF4qjQOxhkUghqGmmAaIb31UNxmp1wujoXZreJ"      \
    "7DGg== alice@laptop"

#define SSH_P521                                                              \
    "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1Mj"      \
    "EAAACFBABNWeLwNK6MSjZHPDjVp33MiAgMxHf6cMg494n171CkmxZnaWtx51eyT44p"      \
    "zP17B3N92Md3dBkfYNRdPTW4rnSMuwGN3UE3nxoAxnDgQZZHd3Ds0NiTrRH9H3rA0a"      \
    "aYArx1yAG7jheIUZS1gtVTAw+Gax9CZh1JqUiMkk1u8mfe+1XoAw== alice@lapto"      \
    "p"

#define SSH_RSA                                                               \
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCskgZpMXDUrjpawxjxvj8yCvTR+/"      \
    "E/ZJHR9CUNmndm0qFUe0+iGW2e/aGzD6oRy5pmmP7hwXqaPsr/K8+27408OrYY1cdj"      \
    "rm5SWhiOhSi7wP2CIEXyUAGwU76UfG6vkkE2EhiSIG6lhNFppWBwQcbkOak1xJJwFP"      \
    "JdQgzmgm4n9SWeSsxlCnyVvtFC3efIZelmm4BEfNYvkv54s2DeHr1wa3mUn5HWkHQW"      \
    "sHyFfPOzWvMiK7zDdB3rOYCDAy7IuwM5GsFShzQGDn8kf5jbJog/WnT2dB/pipaS2Z"      \
    "ZiRiTXTluB846M+QtwWP+qXXiOi1TmhD+nJfPq7S+/vl2efyvD alice@laptop"

#define SSH_RSA_1024                                                          \
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC3eMzGW0Rlz5oprHy3CHTSR1iV+9"      \
    "PlO5hDRw7XvME6s4kZMmUOWXJahtSvRprqBGgDaIIzIpQ55GYT5p1EHyJSyWF0IY50"      \
    "dtQLJt9RNQxYGMssFI/EayhhDE0iq16c+wA/M/lJtiMmGjnbUJsVSHgNq6wum18XmW"      \
    "Tqw+PGnAI3bw== alice@laptop"

#define SSH_DSA                                                               \
    "ssh-dss AAAAB3NzaC1kc3MAAACBAMWXjSGWqGIOG4zfZRO002ZyzZPrSPeF5A8epX"      \
    "ps40ZIo9Zh6k6703hKQnS/jYCSgKlc0Vbi0KI91aQDqp73GyIkWF4uw3aH3xOt+u5B"      \
    "EE+6DAitAWQQCUOI5Dl9/bldxkUtLkTcFO/aPfdAZd0dLn/alRtTz2D/JXsfxte9Dx"      \
    "xLAAAAFQDAxOqMqGUfnnFDPdMEqv+otRn8WwAAAIEAm7A7nEn/axxzLRvJgOHNo5rW"      \
    "rwyDMCZPBiZ16xbcqO60zpmNyPtAJQc4DyRKZsovC7Febef66UTX9wxvZUOloQRpys"      \
    "ecyOwJlECbTiT6XTfSBxwcB9Kq2f2ciGyqeoDwSGLIKsHUMhaRisDf5MXrW0n8yHFM"      \
    "+0JHV+xzJpyzhvgAAACAUPvyq2xQM746+equBTgMWzfXjuhxf1tUUZLWbWUxkniFza"      \
    "cLCbzXb//wl6K7OYP09mKcVHsjScI4SXs/S483kkSLkQjBFqxZAQ+xXxvSD1e6dEDi"      \
    "KJgIAWdyhqxm9GL78jlIpeayeRxM4Ju75iKUd/3OSRjROgsZqpSKeVSbb+k= alice"      \
    "@laptop"

#define SSH_CERT                                                              \
    "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbmlzd"      \
    "HAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgeeteVEJfktVs/dzsO2PBMQu7aQl"      \
    "OeDGJlPYUSuywldsAAAAIbmlzdHAyNTYAAABBBL8pEx/CjwNGOV73UvIDM2gy8iQSl"      \
    "Nr3WFc/bcd1+bl+IiyMXXyyWUjmQY8K5TdlxoC0WCFU0zrUKRNs/P8WaxUAAAAAAAA"      \
    "AAAAAAAEAAAABeAAAAAkAAAAFYWxpY2UAAAAAAAAAAP//////////AAAAAAAAAIIAA"      \
    "AAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2F"      \
    "yZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0L"      \
    "XB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU"      \
    "1MTkAAAAg141/dTYtA7EHoN8kZhLdm+cJXvQ9XA/gGRKuwe9L0qwAAABTAAAAC3Nza"      \
    "C1lZDI1NTE5AAAAQB32qvbom8zPdcQQzrP6k9vcRxm+4MPkMaqTF5Dmh7Bm+1ACsWp"      \
    "aCsjvG9l5AHvrZPLRRwuHIqE2RUwXvubsZA8= alice@laptop"

#define SSH_SK_ED25519                                                        \
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29"      \
    "tAAAAINeNf3U2LQOxB6DfJGYS3ZvnCV70PVwP4BkSrsHvS9KsAAAABHNzaDo="

#define SSH_SK_P256                                                           \
    "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHA"      \
    "yNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBL8pEx/CjwNGOV73UvIDM2gy8"      \
    "iQSlNr3WFc/bcd1+bl+IiyMXXyyWUjmQY8K5TdlxoC0WCFU0zrUKRNs/P8WaxUAAAA"      \
    "Ec3NoOg=="

#define CA_CERT                                                               \
    "-----BEGIN CERTIFICATE-----\\nMIIBqTCCAU+gAwIBAgIUMQs8h//lMepTFEgM"      \
    "4QIe+1tn9NcwCgYIKoZIzj0EAwIw\\nITENMAsGA1UECgwEQWNtZTEQMA4GA1UEAww"      \
    "HQWNtZSBDQTAgFw0yNjExMjIwOTQ3\\nMjhaGA8yMTI2MTAyOTA5NDcyOFowITENMA"      \
    "sGA1UECgwEQWNtZTEQMA4GA1UEAwwH\\nQWNtZSBDQTBZMBMGByqGSM49AgEGCCqGS"      \
    "M49AwEHA0IABFhaZBbobWk4UoegJrme\\nfnwKOQQsSiLYx/xSqKUScQc8xkgkItEx"      \
    "bEYRNrxzZM8M5UE+1+XfB8uFCe8fc1vF\\naJejYzBhMB0GA1UdDgQWBBSgvzOqwXR"      \
    "foFdRWb1jU70StGwRwjAfBgNVHSMEGDAW\\ngBSgvzOqwXRfoFdRWb1jU70StGwRwj"      \
    "APBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB\\n/wQEAwIBBjAKBggqhkjOPQQDAgNIA"      \
    "DBFAiAXO7nXrZoCp5q9xRMcj5ImRqFxP/IH\\n3L1SVT6Cz2dGkAIhAMm10gamelXr"      \
    "VYl8MstdM3lOSmuLw0CQ+7lXKezQjM/R\\n-----END CERTIFICATE-----"

#define CA2_CERT                                                              \
    "-----BEGIN CERTIFICATE-----\\nMIIBnTCCAUOgAwIBAgIUEsmGzdXY/0lOovEJ"      \
    "RIpaHTO0C/swCgYIKoZIzj0EAwIw\\nIzEOMAwGA1UECgwFT3RoZXIxETAPBgNVBAM"      \
    "MCE90aGVyIENBMCAXDTI2MTEyMjA5\\nNDcyOFoYDzIxMjYxMDI5MDk0NzI4WjAjMQ"      \
    "4wDAYDVQQKDAVPdGhlcjERMA8GA1UE\\nAwwIT3RoZXIgQ0EwWTATBgcqhkjOPQIBB"      \
    "ggqhkjOPQMBBwNCAAT7OKUETmsSbbdI\\nxjSMcIC5kdGH9H75N1uFmcuBF2Dfup2S"      \
    "b4O7jCE15J9YRV0CkhtYXQjFkrsgGbV8\\n3K+L8gD6o1MwUTAdBgNVHQ4EFgQUTJC"      \
    "7XXOG6QI9nsFj5OWdD7tx290wHwYDVR0j\\nBBgwFoAUTJC7XXOG6QI9nsFj5OWdD7"      \
    "tx290wDwYDVR0TAQH/BAUwAwEB/zAKBggq\\nhkjOPQQDAgNIADBFAiAC4TRidA5Wy"      \
    "Hz+ZvK5e7vKhC6G1IQFRXr0582hRiRa0AIh\\nAPOnYXVtIuYq8QvP+kuRBBkrNbGZ"      \
    "6HLX1GbLCx1uNzEj\\n-----END CERTIFICATE-----"

#define IMPOSTOR_CERT                                                         \
    "-----BEGIN CERTIFICATE-----\\nMIIBmTCCAT+gAwIBAgIUXG+5n1itFgqgxaiu"      \
    "XM7yysSj3+4wCgYIKoZIzj0EAwIw\\nITENMAsGA1UECgwEQWNtZTEQMA4GA1UEAww"      \
    "HQWNtZSBDQTAgFw0yNjExMjIwOTQ3\\nMjhaGA8yMTI2MTAyOTA5NDcyOFowITENMA"      \
    "sGA1UECgwEQWNtZTEQMA4GA1UEAwwH\\nQWNtZSBDQTBZMBMGByqGSM49AgEGCCqGS"      \
    "M49AwEHA0IABL8/z9yCQpWc2ofyRW56\\npLLkYt8C2a/vLAKGPFU2J+b1CVg5Csmo"      \
    "U7ktu91KdYZbFzmlyP5NfdK3C/ACgPfm\\ncm6jUzBRMB0GA1UdDgQWBBTdStnBXPN"      \
    "8fBOrj20NCO4nAPNC5zAfBgNVHSMEGDAW\\ngBTdStnBXPN8fBOrj20NCO4nAPNC5z"      \
    "APBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49\\nBAMCA0gAMEUCIBIuDwssQrQdRpT5W"      \
    "Pj6v8H2Pva0uT+dQKpMLLeuH8eXAiEAlAxl\\nPD0lACHnVahu0d16y5Oy2GgijpMT"      \
    "YtpvVrjpGoo=\\n-----END CERTIFICATE-----"

#define LEAF_CERT                                                             \
    "-----BEGIN CERTIFICATE-----\\nMIIBNzCB3gIBBzAKBggqhkjOPQQDAjAhMQ0w"      \
    "CwYDVQQKDARBY21lMRAwDgYDVQQD\\nDAdBY21lIENBMCAXDTI2MTEyMjA5NDcyOFo"      \
    "YDzIxMjYxMDI5MDk0NzI4WjAtMQ0w\\nCwYDVQQKDARBY21lMQwwCgYDVQQLDANPcH"      \
    "MxDjAMBgNVBAMMBWFsaWNlMFkwEwYH\\nKoZIzj0CAQYIKoZIzj0DAQcDQgAEgi4cr"      \
    "s/VoHsCMVgrp7dwfOkhHDta02gmwvi2\\nNO9+GK7Fwd8Hm4Ej3RkEA61XJI1qkWwG"      \
    "O4Px2g7P9Vg1YROkuzAKBggqhkjOPQQD\\nAgNIADBFAiBYc8nSria6aWQKPviDKSl"      \
    "WOq62RdTI8hzBcUXf+2MEEAIhAM8lbTuY\\niBkTME9MyqvoojqtFsAb+1zEp/+zQ5"      \
    "7M2YOI\\n-----END CERTIFICATE-----"

#define CA_CRL                                                                \
    "-----BEGIN X509 CRL-----\\nMIG6MGICAQEwCgYIKoZIzj0EAwIwITENMAsGA1U"      \
    "ECgwEQWNtZTEQMA4GA1UEAwwH\\nQWNtZSBDQRcNMjYxMTIyMDk0NzI4WhgPMjEyNj"      \
    "EwMjkwOTQ3MjhaoA4wDDAKBgNV\\nHRQEAwIBATAKBggqhkjOPQQDAgNIADBFAiB15"      \
    "ytv8sV0NLz/NBmOVWwB1aEGsv0U\\nwQ7ZiMghJP202QIhAKKMpP7Nb6k5Lq46XKI2"      \
    "LmHfaJXqvRGdRUjYJtaa82iP\\n-----END X509 CRL-----"

#define CA_KEY                                                                \
    "-----BEGIN PRIVATE KEY-----\\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH"      \
    "BG0wawIBAQQgde4dTokUc2RALbM8\\ncM3ncq6T7N4uBAG3/HSWy01kcayhRANCAAR"      \
    "YWmQW6G1pOFKHoCa5nn58CjkELEoi\\n2Mf8UqilEnEHPMZIJCLRMWxGETa8c2TPDO"      \
    "VBPtfl3wfLhQnvH3NbxWiX\\n-----END PRIVATE KEY-----"


#endif /* _UNIT_DIRECTORY_KEYS_H_INCLUDED_ */
