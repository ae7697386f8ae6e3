# The front door of Postern; "make help" lists what there is.

NGINX_SRC ?= /usr/share/nginx/src

.PHONY: build
build:
	@util/build
