# Rules at the end of nginx's objs/Makefile, for the sources that are made: see
# "postern_made" in config.

postern_pages=`ls $ngx_addon_dir/ngx_http_mfa_module/pages/* | tr "\n" " "`

cat << END                                                    >> $NGX_MAKEFILE

$NGX_OBJS/postern/mfa_assets.c:	$ngx_addon_dir/util/embed $postern_pages
	mkdir -p $NGX_OBJS/postern
	$ngx_addon_dir/util/embed --table mfa_assets $postern_pages \\
		> \$@.new
	mv \$@.new \$@

$NGX_OBJS/postern/mfa_common.c:	$ngx_addon_dir/util/embed \\
	$ngx_addon_dir/ngx_http_mfa_module/common-passwords.txt
	mkdir -p $NGX_OBJS/postern
	$ngx_addon_dir/util/embed \\
		$ngx_addon_dir/ngx_http_mfa_module/common-passwords.txt \\
		mfa_common_passwords > \$@.new
	mv \$@.new \$@

END
