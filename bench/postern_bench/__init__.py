"""What the programs in bench/ have in common.

    place     where things lie: the tree, the work folder, free ports
    cases     what is measured: the rows of the tables and their nginx.conf
    server    nginx and Redis started, looked at and stopped
    requests  signed requests, and the cookie of somebody signed in
    people    a browser that signs in
    load      wrk in a closed loop, and pace at a constant rate
    counting  instructions per request under callgrind
    table     figures as text and JSON
    chart     figures as SVG
"""
