from django.urls import path

from .login import login_by_link

urlpatterns = [path(".reeve/login", login_by_link)]
